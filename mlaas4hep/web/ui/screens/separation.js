// How well classes are told apart: curves, scores, and what a cut leaves.
import { chart, COLOURS, histogram, repeated } from "../chart.js";
import { breakable, figures, fill, h, numberHead, panel, rowHead, table } from "../dom.js";
import { calibration } from "./calibration.js";
import { deviations, shares } from "../errorbars.js";
import { amount, isWeighted, number, percent, percentWithError, plusMinus, withError } from "../format.js";

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

export function rocs(sets) {
  const drawn = sets.filter((one) => one.roc);
  const curves = drawn.map((one) => ({ label: `${one.text} ${one.auc === null ? "" : plusMinus(one.auc, one.auc_error)}`, roc: one.roc }));
  const place = h("div");
  const shapes = { "signal by background": () => rocChart("ROC curve of each set", curves, "background that passes", "signal that passes"), "background rejection": () => rejectionChart(curves) };
  const chooser = h("select", { "aria-label": "Axes of the ROC curve", onchange: (event) => fill(place, shapes[event.target.value]()) }, Object.keys(shapes).map((one) => h("option", one)));
  fill(place, rocChart("ROC curve of each set", curves, "background that passes", "signal that passes"));
  return h("section.panel", h("div.head", h("h2", "ROC curve"), chooser), place);
}

// 1 / (background that passes), where some does.
function rejectionChart(curves) {
  const grid = Array.from({ length: 200 }, (_one, index) => (index + 1) / 200);
  const turned = ({ false_positives: x, true_positives: y }) => ({ false_positives: y, true_positives: x });
  const series = curves.map((one) => ({ label: one.label, values: onGrid(turned(one.roc), grid).map((each) => (each > 0 ? 1 / each : null)), points: false }));
  series.push({ label: "chance", values: grid.map((each) => 1 / each), dash: [4, 4], colour: COLOURS[5], width: 1, points: false });
  return chart({ label: "Background rejection of each set", x: grid, xLabel: "signal that passes", yLabel: "1 / background that passes", series, xRange: [0, 1], height: 300, log: true });
}

export function eachAgainstRest(best) {
  const curves = best.rocs.map((one) => ({ label: `${one.class} ${plusMinus(one.auc, one.auc_error)}`, roc: one }));
  return panel(`ROC curves, ${best.text}`, rocChart("ROC curve of each class", curves, "others that pass", "of the class that passes"), h("p.small.quiet", "Each class against all others, by its own score."));
}

export function rocChart(label, curves, xLabel, yLabel) {
  const grid = Array.from({ length: 201 }, (_one, index) => (index / 200) ** 2);
  const series = curves.map((one) => ({ label: one.label, values: onGrid(one.roc, grid), colour: one.colour, points: false }));
  series.push({ label: "chance", values: grid, dash: [4, 4], colour: COLOURS[5], width: 1, points: false });
  return chart({ label, x: grid, xLabel, yLabel, series, xRange: [0, 1], yRange: [0, 1.01], height: 300 });
}

const MOST_COMPARED = 4; // classes; of more, only the one whose score it is is drawn for the training, too

// `of` is the class whose score it is, by its name; nothing: the signal's, or the last class's.
export function scores(sets, overtraining, of) {
  const scored = sets.filter((one) => one.scores);
  const drawn = scored.filter((one) => one === scored[0] || one.name === "train");
  const series = drawn.flatMap((one) =>
    one.scores.counts.flatMap((counts, index) => {
      const isHeldOut = one === drawn[0];
      if (!isHeldOut && one.classes.length > MOST_COMPARED && one.classes[index] !== of) return [];
      const { values, ends } = shares(counts, one.scores.variances?.[index]);
      return [{ label: `${one.classes[index]}, ${one.text}`, values, ends: isHeldOut ? ends : undefined, colour: COLOURS[index % COLOURS.length], dash: isHeldOut ? repeated(index) : [5, 4], width: isHeldOut ? 2 : 1.2 }];
    }),
  );
  const edges = drawn[0].scores.edges;
  const own = of ?? (drawn[0].classes.length > 2 ? drawn[0].classes.at(-1) : "");
  const told = (overtraining?.classes || []).filter((one) => typeof one.ks === "number" && (!of || one.class === of)).map((one) => `${one.class}: distance ${number(one.ks, 3)}, p = ${number(one.p_value, 3)}`).join("; ");
  const place = h("div");
  const label = `Scores by class, ${drawn.map((one) => one.text).join(" against ")}`;
  const draw = (log) => fill(place, histogram({ label, edges, xLabel: own ? `score of ${own}` : "score", yLabel: "share of the class", series, height: 300, log }));
  const scale = h("select", { "aria-label": "Scale of the scores", onchange: (event) => draw(event.target.value === "logarithmic") }, ["linear", "logarithmic"].map((one) => h("option", one)));
  draw(false);
  return h("section.panel", h("div.head", h("h2", "Scores by class"), scale), place, told && h("p.small.quiet", `Kolmogorov–Smirnov, ${drawn[0].text} against training. ${told}. A small p means that the model learned entries by heart.`));
}

const total = (values) => values.reduce((sum, each) => sum + each, 0);

// Of binned scores: what lies at or above each edge, by class.
function above({ counts }) {
  return counts.map((bins) => {
    let sum = 0;
    return [...bins, 0].reverse().map((each) => (sum += each)).reverse();
  });
}

function matrixTable(classes, cells, label) {
  const sums = cells.map((row) => total(row) || 1);
  return table(
    ["True class", ...classes.map((one) => numberHead(["predicted ", breakable(one)]))],
    cells.map((row, index) => [rowHead(classes[index]), ...row.map((each, column) => h(`td.number${index === column ? ".hit" : ""}`, amount(each), " ", h("span.quiet.small", percent(each / sums[index]))))]),
    { "aria-label": label ? `Confusion matrix of ${label}` : "Confusion matrix", class: "confusion" },
  );
}

export function confusion(best, label) {
  return panel("Confusion", matrixTable(best.classes, best.confusion, label));
}

// What is left at each threshold, the lowest first: [threshold, background, signal]. Those of the curve lie
// where the scores do, however small these are; runs of earlier releases have the edges of bins only.
function leftAt(best) {
  const { scores: { edges }, roc } = best;
  const [background, signal] = above(best.scores);
  const whole = isWeighted(best) ? (value) => value : Math.round;
  const onCurve = (roc?.thresholds || []).map((at, index) => [at, whole(background[0] * roc.false_positives[index]), whole(signal[0] * roc.true_positives[index])]);
  const known = new Map([...onCurve.filter(([at]) => at !== null), ...edges.map((at, index) => [at, background[index], signal[index]])].map((one) => [one[0], one]));
  return [...known.values()].sort((one, other) => one[0] - other[0]);
}

function confusionAt(best, label) {
  const { edges } = best.scores;
  const left = leftAt(best);
  const worth = worthOfClasses(best);
  const place = h("div");
  const id = `threshold-${label}`;
  const told = h("output", { for: id });
  const middle = left.findIndex(([at]) => at === edges[(edges.length - 1) / 2]);
  const slider = h("input", { type: "range", id, min: 0, max: left.length - 1, step: 1, value: middle, oninput: draw });
  function draw() {
    const [threshold, ...passed] = left[Number(slider.value)];
    const cells = passed.map((count, index) => [left[0][index + 1] - count, count]);
    told.textContent = number(threshold, 3);
    fill(place, matrixTable(best.classes, cells, label), leftBy(cells, worth));
  }
  draw();
  return panel("Confusion", h("label", { for: id }, "Threshold of the score ", told), slider, place);
}

// How many entries of each class a unit of weight is worth: (sum w) / (sum w²). Null: nobody knows.
function worthOfClasses({ scores: { counts, variances } }) {
  return counts.map((bins, index) => {
    const errors = deviations(bins, variances?.[index]);
    return errors.includes(null) ? null : total(bins) / total(errors.map((one) => one ** 2));
  });
}

// What a cut at the threshold leaves, in the words of an analysis, with its standard error: of a share p of n
// entries √(p(1−p)/n), of others as far as p goes with them.
function leftBy([[lost, kept], [missed, found]], [ofBackground, ofSignal]) {
  const share = (part, whole, worth) => (part >= 0 && whole > 0 ? percentWithError(part / whole, Math.sqrt(((part / whole) * (1 - part / whole)) / (whole * worth))) : "–");
  const mixed = found / (kept + found);
  const rejected = (lost + kept) / kept;
  return figures([
    ["Signal efficiency", share(found, missed + found, ofSignal)],
    ["Background rejection", kept > 0 && lost + kept > 0 ? withError(rejected, rejected * Math.sqrt((1 - 1 / rejected) / (kept * ofBackground))) : "–"],
    ["Purity", found >= 0 && kept + found > 0 ? percentWithError(mixed, mixed * (1 - mixed) * Math.sqrt(1 / (found * ofSignal) + 1 / (kept * ofBackground))) : "–"],
  ]);
}

function significance(best) {
  const left = leftAt(best).filter(([, background, signal]) => background || signal);
  const at = left.map(([threshold]) => threshold);
  const value = (work) => left.map(([, background, signal]) => work(signal, background));
  const simple = value((s, b) => (b >= 5 ? s / Math.sqrt(b) : null));
  const full = value((s, b) => (s + b > 0 ? s / Math.sqrt(s + b) : null));
  const top = full.reduce((best_, each, index) => (each !== null && each > (full[best_] ?? 0) ? index : best_), 0);
  return panel(
    "Significance",
    chart({ label: "Significance by threshold", x: at, xLabel: "threshold", yLabel: "significance", series: [{ label: "S/√B", values: simple, points: false }, { label: "S/√(S+B)", values: full, points: false }], height: 260 }),
    h("p.small.quiet", `In the sample's own numbers, S/√(S+B) is largest at ${number(at[top], 3)}; S/√B is drawn where ${isWeighted(best) ? "weights of background that sum up to at least 5" : "at least 5 entries of background"} are left.`),
  );
}

/** Return the panels of a signal and a background. */
export function twoClasses(sets, label, overtraining, byClass) {
  const [best] = sets;
  const { edges, counts } = best.scores;
  const hasBoth = counts.every((one) => one.some((each) => each));
  const areShares = edges[0] === 0 && edges.at(-1) === 1; // not from -1 to 1, and no errors of an autoencoder
  return [
    sets.some((one) => one.roc) && rocs(sets),
    byClass || scores(sets, overtraining),
    hasBoth && confusionAt(best, label),
    hasBoth && significance(best),
    hasBoth && areShares && calibration(best),
  ];
}

/** Return a panel in which one of several classes is chosen, and told from all others by its own score. */
export function oneAgainstRest(sets, label, overtraining) {
  const { classes } = sets[0];
  const scored = sets.filter((one) => one.class_scores);
  const place = h("div.grid2");
  const draw = (index) => {
    const name = classes[index];
    const byTruth = scored.map((one) => ({ ...one, scores: ofClass(one.class_scores, index) }));
    fill(place, twoClasses(byTruth.map((one) => against(one, index)), label, overtraining, scores(byTruth, overtraining, name)));
  };
  const chooser = h("select", { "aria-label": label ? `Class of ${label}` : "Class", onchange: (event) => draw(Number(event.target.value)) }, classes.map((name, index) => h("option", { value: index }, name)));
  draw(0);
  return h("section.stack", h("div.head", h("h2", "One class against all others"), chooser), place);
}

const ofClass = ({ edges, counts, variances }, index) => ({ edges, counts: counts[index], variances: variances?.[index] });

// One class as the signal, all others together as the background.
function against(set, index) {
  const name = set.classes[index];
  const { edges, counts, variances } = set.scores;
  const apart = (all) => [edges.slice(1).map((_edge, bin) => all.reduce((sum, one, each) => (each === index ? sum : sum + one[bin]), 0)), all[index]];
  const { auc = null, auc_error, calibration: measured, ...roc } = set.rocs.find((one) => one.class === name) ?? {};
  return { ...set, classes: ["any other", name], scores: { edges, counts: apart(counts), variances: variances && apart(variances) }, auc, auc_error, calibration: measured, roc: roc.true_positives ? roc : undefined };
}
