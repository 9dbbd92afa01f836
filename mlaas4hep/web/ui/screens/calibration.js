// Whether a score is the share of signal that it says.
import { chart, COLOURS } from "../chart.js";
import { h, panel } from "../dom.js";

const STEP = 5; // bins of scores to a point, of runs that earlier releases made

/** Return the share of signal by score, with how sure each share is. */
export function calibration(set) {
  const points = set.calibration ?? ofBins(set.scores);
  const closed = (values) => [null, ...values, null]; // the line of what should be goes on to both ends
  const x = [0, ...points.score, 1];
  const measured = { label: "measured", values: closed(points.share), points: true, pointsOnly: true, ends: points.low && { low: closed(points.low), high: closed(points.high) } };
  const wanted = { label: "as it should be", values: x, dash: [4, 4], colour: COLOURS[5], width: 1, points: false };
  return panel(
    "Calibration",
    chart({ label: "Share of signal by score", x, xLabel: "score", yLabel: "share of signal", series: [measured, wanted], xRange: [0, 1], yRange: [0, 1.01], height: 260 }),
    h("p.small.quiet", points.low ? "Each line holds the true share in 68 of 100 cases (Wilson's interval; of weights as many entries as they are worth). " : "", "With the mixture of classes that the sample has; another mixture bends the curve."),
  );
}

function ofBins({ edges, counts }) {
  const found = { score: [], share: [] };
  for (let bin = 0; bin < edges.length - 1; bin += STEP) {
    const [background, signal] = counts.map((of) => of.slice(bin, bin + STEP).reduce((sum, each) => sum + each, 0));
    if (!(background + signal)) continue;
    found.score.push((edges[bin] + edges[Math.min(bin + STEP, edges.length - 1)]) / 2);
    found.share.push(signal / (background + signal));
  }
  return found;
}
