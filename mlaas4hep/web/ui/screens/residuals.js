// How well values are predicted: what is left of them, and by true value.
import { chart, COLOURS, histogram } from "../chart.js";
import { h, panel } from "../dom.js";
import { around, deviations } from "../errorbars.js";
import { isWeighted, withError } from "../format.js";

export function residuals(sets) {
  const drawn = sets.filter((one) => one.residuals);
  const { edges } = drawn[0].residuals;
  const all = drawn.filter((one) => one === drawn[0] || one.residuals.edges.join() === edges.join());
  const series = all.map(({ text, residuals: { counts, variances, mean, mean_error, spread, spread_error } }) => ({
    label: `${text}, mean ${withError(mean, mean_error)}, spread ${withError(spread, spread_error)}`,
    values: counts,
    ends: around(counts, deviations(counts, variances)),
  }));
  return panel("Residuals", histogram({ label: "Predicted less true, in bins", edges, xLabel: "predicted − true", yLabel: isWeighted(drawn[0]) ? "sum of weights" : "entries", series, height: 300 }), h("p.small.quiet", "The outermost bins hold what lies further out. Both are in the units of the label."));
}

export function profile(best) {
  const { edges, bias_error: errors = [] } = best.profile;
  const filled = best.profile.bias.map((_one, index) => index).filter((index) => best.profile.bias[index] !== null);
  const [bias, spread] = [best.profile.bias, best.profile.spread].map((values) => filled.map((index) => values[index]));
  const centres = filled.map((index) => (edges[index] + edges[index + 1]) / 2);
  const shifted = (sign) => bias.map((one, index) => (spread[index] === null ? null : one + sign * spread[index]));
  const [line, , band] = COLOURS;
  const series = [
    { label: "mean residual", values: bias, colour: line, points: true, ends: around(bias, filled.map((index) => errors[index])) },
    { label: "mean + spread", values: shifted(1), colour: band, dash: [4, 4], width: 1, points: false },
    { label: "mean − spread", values: shifted(-1), colour: band, dash: [4, 4], width: 1, points: false },
  ];
  return panel(`Profile, ${best.text}`, chart({ label: "Mean and spread of the residuals by true value", x: centres, xLabel: "true value", yLabel: "predicted − true", series, height: 300 }));
}
