// How good a trained model is: on entries it has never seen, against those it learned from.
import { chart, COLOURS, histogram } from "../chart.js";
import { fill, figures, h, numberHead, panel, problem, table } from "../dom.js";
import { amount, count, number, percent, plusMinus, SETS } from "../format.js";
import { get } from "../server.js";
import { absent } from "./absent.js";

export async function show(body, run, { signal, whose }) {
  const path = `runs/${encodeURIComponent(run.name)}`;
  const [found, checks] = await Promise.all([get(`${path}/quality`, whose).catch((error) => error), get(`${path}/checks`, whose).catch(() => ({}))]);
  if (signal.aborted) return;
  if (found instanceof Error) {
    if (found.status !== 401) fill(body, absent(found, run));
    return;
  }
  const labels = [...new Set(Object.keys(found).map(labelOf))];
  const shown = labels.map((label) => ofLabel(setsOf(found, label), label, checks)).filter(Boolean);
  if (!shown.length) {
    fill(body, problem({ message: "No set has entries" }, "warn"));
    return;
  }
  const last = labels[0] && checks.importance ? [h("div.grid2", importance(checks.importance))] : [];
  fill(body, h("div.stack", [...shown.flat(), ...last]));
}

// "test/isB" is about the label isB of several; "test" about the only one.
export function labelOf(key) {
  return key.includes("/") ? key.slice(key.indexOf("/") + 1) : "";
}

export function setsOf(found, label) {
  const end = label && `/${label}`;
  return Object.entries(SETS).filter(([name]) => found[name + end]).map(([name, text]) => ({ name, text, ...found[name + end] }));
}

function ofLabel(sets, label, checks) {
  const best = sets[0];
  if (!best) return null;
  const two = best.classes?.length === 2 && best.scores;
  const shown = [
    sets.some((one) => one.roc) && rocs(sets),
    best.rocs?.length && eachAgainstRest(best),
    sets.some((one) => one.scores) && scores(sets, !label && checks.overtraining),
    two ? confusionAt(best, label) : best.confusion && confusion(best, label),
    two && significance(best),
    two && best.scores.edges[0] === 0 && calibration(best), // scores from -1 to 1 are no shares
    sets.some((one) => one.residuals) && residuals(sets),
    best.profile && profile(best),
    !label && checks.importance && importance(checks.importance),
  ].filter(Boolean);
  return [panel(label && `Label ${label}`, summary(sets)), h("div.grid2", shown)];
}

const isWeighted = (one) => typeof one.sum_of_weights === "number";

function summary(sets) {
  return figures(
    sets.flatMap((one) => [
      [`AUC, ${one.text}`, one.auc === null || one.auc === undefined ? null : plusMinus(one.auc, one.auc_error)],
      [`RMSE, ${one.text}`, one.rmse === null || one.rmse === undefined ? null : number(one.rmse, 4)],
      [`Entries, ${one.text}`, count(one.entries)],
      [`Sum of weights, ${one.text}`, isWeighted(one) ? amount(one.sum_of_weights) : null],
    ]),
  );
}

// Curves have points of their own; uPlot wants one axis for all.
function onGrid(roc, grid) {
  const { false_positives: x, true_positives: y } = roc;
  let at = 0;
  return grid.map((wanted) => {
    while (at < x.length - 2 && x[at + 1] <= wanted) at += 1;
    const span = x[at + 1] - x[at];
    return span > 0 ? y[at] + ((y[at + 1] - y[at]) * Math.min(1, (wanted - x[at]) / span)) : y[at + 1];
  });
}

function residuals(sets) {
  const drawn = sets.filter((one) => one.residuals);
  const { edges } = drawn[0].residuals;
  const all = drawn.filter((one) => one === drawn[0] || one.residuals.edges.join() === edges.join());
  const series = all.map((one) => ({ label: `${one.text}, mean ${number(one.residuals.mean)}, spread ${number(one.residuals.spread)}`, values: one.residuals.counts }));
  return panel("Residuals", histogram({ label: "Predicted less true, in bins", edges, xLabel: "predicted − true", yLabel: isWeighted(drawn[0]) ? "sum of weights" : "entries", series, height: 300 }), h("p.small.quiet", "The outermost bins hold what lies further out. Both are in the units of the label."));
}

function profile(best) {
  const { edges } = best.profile;
  const filled = best.profile.bias.map((_one, index) => index).filter((index) => best.profile.bias[index] !== null);
  const [bias, spread] = [best.profile.bias, best.profile.spread].map((values) => filled.map((index) => values[index]));
  const centres = filled.map((index) => (edges[index] + edges[index + 1]) / 2);
  const shifted = (sign) => bias.map((one, index) => (spread[index] === null ? null : one + sign * spread[index]));
  const [line, , band] = COLOURS;
  const series = [
    { label: "mean residual", values: bias, colour: line, points: true },
    { label: "mean + spread", values: shifted(1), colour: band, dash: [4, 4], width: 1, points: false },
    { label: "mean − spread", values: shifted(-1), colour: band, dash: [4, 4], width: 1, points: false },
  ];
  return panel(`Profile, ${best.text}`, chart({ label: "Mean and spread of the residuals by true value", x: centres, xLabel: "true value", yLabel: "predicted − true", series, height: 300 }));
}

function rocs(sets) {
  const drawn = sets.filter((one) => one.roc);
  const curves = drawn.map((one) => ({ label: `${one.text} ${one.auc === null ? "" : plusMinus(one.auc, one.auc_error)}`, roc: one.roc }));
  return panel("ROC curve", rocChart("ROC curve of each set", curves, "background that passes", "signal that passes"));
}

function eachAgainstRest(best) {
  const curves = best.rocs.map((one) => ({ label: `${one.class} ${plusMinus(one.auc, one.auc_error)}`, roc: one }));
  return panel(`ROC curves, ${best.text}`, rocChart("ROC curve of each class", curves, "others that pass", "of the class that passes"), h("p.small.quiet", "Each class against all others, by its own score."));
}

export function rocChart(label, curves, xLabel, yLabel) {
  const grid = Array.from({ length: 201 }, (_one, index) => (index / 200) ** 2);
  const series = curves.map((one) => ({ label: one.label, values: onGrid(one.roc, grid), colour: one.colour, points: false }));
  series.push({ label: "chance", values: grid, dash: [4, 4], colour: COLOURS[5], width: 1, points: false });
  return chart({ label, x: grid, xLabel, yLabel, series, xRange: [0, 1], yRange: [0, 1.01], height: 300 });
}

function scores(sets, overtraining) {
  const scored = sets.filter((one) => one.scores);
  const drawn = scored.filter((one) => one === scored[0] || one.name === "train");
  const all = COLOURS;
  const series = drawn.flatMap((one) =>
    one.scores.counts.map((counts, index) => {
      const sum = counts.reduce((total, each) => total + each, 0) || 1;
      const isHeldOut = one === drawn[0];
      return { label: `${one.classes[index]}, ${one.text}`, values: counts.map((each) => each / sum), colour: all[index % all.length], dash: isHeldOut ? undefined : [5, 4], width: isHeldOut ? 2 : 1.2 };
    }),
  );
  const edges = drawn[0].scores.edges;
  const told = (overtraining?.classes || []).filter((one) => typeof one.ks === "number").map((one) => `${one.class}: distance ${number(one.ks, 3)}, p = ${number(one.p_value, 3)}`).join("; ");
  const place = h("div");
  const label = `Scores by class, ${drawn.map((one) => one.text).join(" against ")}`;
  const draw = (log) => fill(place, histogram({ label, edges, xLabel: drawn[0].classes.length > 2 ? `score of ${drawn[0].classes.at(-1)}` : "score", yLabel: "share of the class", series, height: 300, log }));
  const scale = h("select", { "aria-label": "Scale of the scores", onchange: (event) => draw(event.target.value === "logarithmic") }, ["linear", "logarithmic"].map((one) => h("option", one)));
  draw(false);
  return h("section.panel", h("div.head", h("h2", "Scores by class"), scale), place, told && h("p.small.quiet", `Kolmogorov–Smirnov, ${drawn[0].text} against training. ${told}. A small p means that the model learned entries by heart.`));
}

// Of binned scores: what lies at or above each edge, by class.
function above({ counts }) {
  return counts.map((bins) => {
    let sum = 0;
    return [...bins, 0].reverse().map((each) => (sum += each)).reverse();
  });
}

function matrixTable(classes, cells, label) {
  const sums = cells.map((row) => row.reduce((total, each) => total + each, 0) || 1);
  return table(
    ["True class", ...classes.map((one) => numberHead(`told ${one}`))],
    cells.map((row, index) => [h("th", { scope: "row" }, classes[index]), ...row.map((each, column) => h(`td.number${index === column ? ".hit" : ""}`, amount(each), " ", h("span.quiet.small", percent(each / sums[index]))))]),
    { "aria-label": label ? `Confusion matrix of ${label}` : "Confusion matrix", class: "confusion" },
  );
}

function confusion(best, label) {
  return panel("Confusion", matrixTable(best.classes, best.confusion, label));
}

function confusionAt(best, label) {
  const edges = best.scores.edges;
  const passed = above(best.scores);
  const place = h("div");
  const id = `threshold-${label}`;
  const told = h("output", { for: id });
  const slider = h("input", { type: "range", id, min: 0, max: edges.length - 1, step: 1, value: Math.round((edges.length - 1) / 2), oninput: draw });
  function draw() {
    const at = Number(slider.value);
    const cells = passed.map((counts) => [counts[0] - counts[at], counts[at]]);
    told.textContent = number(edges[at], 3);
    fill(place, matrixTable(best.classes, cells, label), leftBy(cells));
  }
  draw();
  return panel("Confusion", h("label", { for: id }, "Threshold of the score ", told), slider, place);
}

// What a cut at the threshold leaves, in the words of an analysis.
function leftBy([[lost, kept], [missed, found]]) {
  const share = (part, whole) => (part >= 0 && whole > 0 ? percent(part / whole) : "–");
  return figures([["Signal efficiency", share(found, missed + found)], ["Background rejection", kept > 0 && lost + kept > 0 ? number((lost + kept) / kept, 3) : "–"], ["Purity", share(found, kept + found)]]);
}

function significance(best) {
  const edges = best.scores.edges;
  const [background, signal] = above(best.scores);
  const at = edges.slice(0, -1);
  const value = (work) => at.map((_edge, index) => work(signal[index], background[index]));
  const simple = value((s, b) => (b >= 5 ? s / Math.sqrt(b) : null));
  const full = value((s, b) => (s + b > 0 ? s / Math.sqrt(s + b) : null));
  const top = full.reduce((best_, each, index) => (each !== null && each > (full[best_] ?? 0) ? index : best_), 0);
  return panel(
    "Significance",
    chart({ label: "Significance by threshold", x: at, xLabel: "threshold", yLabel: "significance", series: [{ label: "S/√B", values: simple, points: false }, { label: "S/√(S+B)", values: full, points: false }], height: 260 }),
    h("p.small.quiet", `In the sample's own numbers, S/√(S+B) is largest at ${number(at[top], 3)}; S/√B is drawn where ${isWeighted(best) ? "weights of background that sum up to at least 5" : "at least 5 entries of background"} are left.`),
  );
}

function calibration(best) {
  const { edges, counts } = best.scores;
  const step = 5;
  const points = [];
  for (let bin = 0; bin < edges.length - 1; bin += step) {
    const sum = (of) => of.slice(bin, bin + step).reduce((total, each) => total + each, 0);
    const [background, signal] = counts.map(sum);
    const total = background + signal;
    const middle = (edges[bin] + edges[Math.min(bin + step, edges.length - 1)]) / 2;
    points.push([middle, total ? signal / total : null, total]);
  }
  const x = points.map((one) => one[0]);
  return panel(
    "Calibration",
    chart({ label: "Share of signal by score", x, xLabel: "score", yLabel: "share of signal", series: [{ label: "measured", values: points.map((one) => one[1]), points: true }, { label: "as it should be", values: x, dash: [4, 4], colour: COLOURS[5], width: 1, points: false }], xRange: [0, 1], yRange: [0, 1.01], height: 260 }),
    h("p.small.quiet", "With the mixture of classes that the sample has; another mixture bends the curve."),
  );
}

function importance(found) {
  const rows = found.branches.slice(0, 30);
  const most = Math.max(...rows.map((one) => one.drop), 1e-12);
  const bars = rows.map((one) => {
    const meter = h("meter", { min: 0, max: most, "aria-label": one.branch });
    meter.value = Math.max(one.drop, 0);
    return h("div.bar", h("span", one.branch), meter, h("span.number", one.drop.toFixed(4), h("span.quiet.small", ` ± ${one.error.toFixed(4)}`)));
  });
  return panel("What the model relies on", h("p.small.quiet", `${found.whole < 0 ? `How much the RMSE (${number(-found.whole, 4)}) grows` : `How far the AUC (${number(found.whole, 4)}) falls`} when one branch is shuffled: ${found.repeats} times, on ${count(found.entries)} entries that it has not learned from.`), bars);
}
