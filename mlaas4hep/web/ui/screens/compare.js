// Two runs side by side: what differs, and their curves over each other.
import { chart, COLOURS } from "../chart.js";
import { fill, h, panel, problem, rowHead, table } from "../dom.js";
import { duration, measured, metricName, number, plusMinus } from "../format.js";
import { curveSets, linesOf, roundNumbers } from "../rounds.js";
import { get } from "../server.js";
import { labelOf, setsOf } from "./quality.js";
import { rocChart } from "./separation.js";

const PARAMS = "request.params.";

export async function show(view, [one, two], { signal }) {
  const runs = [one, two];
  const path = (name) => `runs/${encodeURIComponent(name)}`;
  const [difference, qualities, features, ...rest] = await Promise.all([
    get(`${path(one)}/diff`, { other: two }).catch((error) => error),
    Promise.all(runs.map((name) => get(`${path(name)}/quality`).catch(() => ({})))),
    Promise.all(runs.map((name) => get(`${path(name)}/features`))).catch(() => null),
    ...runs.map((name) => get(path(name))),
    ...runs.map((name) => get(`${path(name)}/history`).catch(() => [])),
  ]);
  if (signal.aborted) return;
  const [left, right, leftHistory, rightHistory] = rest;
  const link = (run) => h("a", { href: `#/runs/${encodeURIComponent(run.name)}` }, run.name);
  const rows = [
    ["Status", left.status, right.status],
    ...figuresOf(left, right),
    ["Entries", number(left.selected_entries), number(right.selected_entries)],
    ["Took", duration(left.seconds), duration(right.seconds)],
  ];
  fill(
    view,
    h("div.head", h("h1", link(left), " and ", link(right))),
    h("div.stack", panel("Figures", table(["", left.name, right.name], rows.map(([name, ...values]) => [rowHead(name), ...values]), { "aria-label": "Figures of both" })), h("div.grid2", curves(runs, leftHistory, rightHistory), rocs(runs, qualities)), features && learnedFrom(features, runs), differences(difference, runs)),
  );
}

function figuresOf(...both) {
  const [left, right] = both.map((run) => new Map(measured(run)));
  return [...new Set([...left.keys(), ...right.keys()])].map((name) => [name, left.get(name) ?? "–", right.get(name) ?? "–"]);
}

function curves(runs, ...histories) {
  const x = roundNumbers(...histories);
  const series = (set) => histories.flatMap((history, index) => linesOf(history, set, x).map((one) => ({ label: nameOf(runs[index], one), values: one.values, colour: COLOURS[index], dash: one.isValidation ? [5, 4] : undefined })));
  return curveSets(histories.flat()).map((set) => panel(metricName(set.base), chart({ label: `${set.base} of both runs`, x, xLabel: "round", yLabel: metricName(set.base), series: series(set), whole: true })));
}

const nameOf = (run, { fold, isValidation }) => [run, fold === null ? "" : `fold ${fold}`, isValidation ? "validation" : ""].filter(Boolean).join(" ");

// Of each label the curves of both, each of what it has not learned from, as far as that is known.
function rocs(runs, qualities) {
  const labels = [...new Set(qualities.flatMap((found) => Object.keys(found).map(labelOf)))];
  const drawn = labels.map((label) => [label, qualities.flatMap((found, index) => ofRun(runs[index], setsOf(found, label).find((one) => one.roc), index))]);
  return drawn.filter(([, both]) => both.length).map(([label, both]) => panel(label ? `ROC curve of ${label}` : "ROC curve", rocChart(`ROC curve of both runs${label && `, ${label}`}`, both, "background that passes", "signal that passes")));
}

function ofRun(name, best, index) {
  return best ? [{ label: `${name}, ${best.text} ${best.auc === null ? "" : plusMinus(best.auc, best.auc_error)}`, roc: best.roc, colour: COLOURS[index] }] : [];
}

function learnedFrom(features, [one, two]) {
  const [left, right] = features.map((found) => new Map(found.features.map((each) => [each.branch, each])));
  const branches = [...new Set([...left.keys(), ...right.keys()])].sort();
  const range = (each) => (each ? `${number(each.low)} … ${number(each.high)}${each.jagged ? `, up to ${each.columns} values` : ""}` : "no feature");
  const rows = branches.map((branch) => [rowHead(branch), range(left.get(branch)), range(right.get(branch))]);
  return panel("Features", table(["Branch", one, two], rows, { "aria-label": "Features of both" }));
}

// What a person wrote comes first, then all else; figures have a table of their own.
function differences(found, [one, two]) {
  if (found instanceof Error) return problem(found, "warn");
  const shown = (value) => (value === null || value === undefined || value === "" ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const rows = (written) =>
    Object.entries(found.changed)
      .filter(([path]) => !path.startsWith("metrics.") && path.startsWith(PARAMS) === written)
      .map(([path, values]) => [rowHead(written ? path.slice(PARAMS.length) : path), shown(values[one]), shown(values[two])]);
  const side = (label, listed) => (listed.length ? table(["", one, two], listed, { "aria-label": label, class: "pair" }) : h("p.quiet", "Nothing."));
  return [
    panel("Parameters that differ", side("Parameters that differ", rows(true))),
    panel("What else differs", side("What else differs", rows(false))),
    found.model && panel("model.py", h("pre", { tabindex: "0", "aria-label": "Differences of model.py" }, found.model)),
  ];
}
