// Two runs side by side: what differs, and their curves over each other.
import { chart, COLOURS } from "../chart.js";
import { breakable, fill, h, panel, problem, rowHead, table } from "../dom.js";
import { duration, measured, metricName, number, plusMinus } from "../format.js";
import { curveSets, linesOf, roundNumbers } from "../rounds.js";
import { get } from "../server.js";
import { labelOf, setsOf } from "./quality.js";
import { rocChart } from "./separation.js";

const PARAMS = "request.params.";
const NAMES = { "request.files": "files", "request.folder": "upload", "request.labels.classes": "classes", "request.labels.values": "class of each file", "request.model_sha256": "model.py, digest", "request.upload": "upload, digest", specs: "specs, digest", "tarball.files": "files of the upload" };
const TOLD_TWICE = /^(submission\..*|tarball\.(name|sha256))$/; // what became of it is in the request

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
  const rows = (written) =>
    Object.entries(found.changed)
      .filter(([path]) => !path.startsWith("metrics.") && !TOLD_TWICE.test(path) && path.startsWith(PARAMS) === written)
      .flatMap(([path, values]) => parted(written ? path.slice(PARAMS.length) : NAMES[path] || path.replace(/^request\./, ""), values[one], values[two]))
      .map(([name, ...values]) => [rowHead(name), ...values.map(shown)]);
  const side = (label, listed) => (listed.length ? table(["", one, two], listed, { "aria-label": label, class: "pair" }) : h("p.quiet", "Nothing."));
  return [
    panel("Parameters that differ", side("Parameters that differ", rows(true))),
    panel("What else differs", side("What else differs", rows(false))),
    found.model && panel("model.py", h("pre", { tabindex: "0", "aria-label": "Differences of model.py" }, found.model)),
  ];
}

// Of two texts or values that hold others, what differs inside: [name, one, other] for each.
function parted(name, ...both) {
  const [left, right] = both.map(opened);
  if (![left, right].some(isNested) || [left, right].some((value) => value !== null && !isNested(value))) return [[name, left, right]];
  const keys = [...new Set([left, right].flatMap((value) => Object.keys(value ?? {})))];
  return keys.flatMap((key) => (JSON.stringify(left?.[key]) === JSON.stringify(right?.[key]) ? [] : parted(`${name}.${key}`, left?.[key], right?.[key])));
}

const isNested = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

// preproc.json is told as it was written.
function opened(value) {
  if (typeof value !== "string" || !value.trim().startsWith("{")) return value === "" ? null : (value ?? null);
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function shown(value) {
  if (value === null || value === "") return "–";
  if (!Array.isArray(value)) return /^[0-9a-f]{32,}$/.test(value) ? h("code.small", { title: value }, value.slice(0, 12)) : breakable(value);
  const lines = value.map((one) => (isNested(one) ? about(one) : String(one)));
  return lines.join("").length > 60 || value.some(isNested) ? h("ul.small", lines.map((one) => h("li", breakable(one)))) : lines.join(", ") || "–";
}

// A file by its name, and what was said of it.
function about({ name, url, line, tree, ...said }) {
  const told = Object.entries(said).filter(([key, value]) => value !== null && value !== "" && !(key === "weight" && value === 1));
  return [name ?? url, tree, ...told.map(([key, value]) => `${key} ${value}`)].filter(Boolean).join(", ");
}
