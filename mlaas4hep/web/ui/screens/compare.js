// Two runs side by side: what differs, and their curves over each other.
import { chart } from "../chart.js";
import { fill, h, panel, problem, table } from "../dom.js";
import { auc, duration, number } from "../format.js";
import { get } from "../server.js";
import { curveSets } from "./run.js";

export async function show(view, [one, two], { signal }) {
  const runs = [one, two];
  const path = (name) => `runs/${encodeURIComponent(name)}`;
  const [difference, ...rest] = await Promise.all([
    get(`${path(one)}/diff`, { other: two }).catch((error) => error),
    ...runs.map((name) => get(path(name))),
    ...runs.map((name) => get(`${path(name)}/history`).catch(() => [])),
  ]);
  if (signal.aborted) return;
  const [left, right, leftHistory, rightHistory] = rest;
  const link = (run) => h("a", { href: `#/runs/${encodeURIComponent(run.name)}` }, run.name);
  const rows = [
    ["Status", left.status, right.status],
    ["AUC", number(auc(left)), number(auc(right))],
    ...[...new Set([...Object.keys(left.metrics), ...Object.keys(right.metrics)])].map((name) => [name, number(left.metrics[name] ?? null), number(right.metrics[name] ?? null)]),
    ["Entries", number(left.selected_entries), number(right.selected_entries)],
    ["Took", duration(left.seconds), duration(right.seconds)],
  ];
  fill(
    view,
    h("div.head", h("h1", link(left), " and ", link(right))),
    h("div.stack", panel("Figures", table(["", left.name, right.name], rows.map(([name, ...values]) => [h("th", { scope: "row" }, name), ...values]), { "aria-label": "Figures of both" })), curves(runs, leftHistory, rightHistory), differences(difference, runs)),
  );
}

function curves(runs, ...histories) {
  const rounds = Math.max(...histories.map((one) => one.length));
  if (!rounds) return null;
  const x = Array.from({ length: rounds }, (_one, index) => index + 1);
  const bases = [...new Set(histories.flatMap((one) => curveSets(one).map((set) => set.base)))];
  const values = (history, name) => x.map((round) => history[round - 1]?.[name] ?? null);
  const series = (base) => histories.flatMap((history, index) => [base, `val_${base}`].filter((name) => history.some((round) => name in round)).map((name) => ({ label: `${runs[index]}${name === base ? "" : " validation"}`, values: values(history, name), dash: name === base ? undefined : [5, 4] })));
  return h("div.grid2", bases.map((base) => panel(base.replaceAll("_", " "), chart({ label: `${base} of both runs`, x, xLabel: "round", yLabel: base, series: series(base) }))));
}

function differences(found, [one, two]) {
  if (found instanceof Error) return problem(found, "warn");
  const shown = (value) => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const rows = Object.entries(found.changed).map(([path, values]) => [h("th", { scope: "row" }, path), shown(values[one]), shown(values[two])]);
  return [
    panel("What differs", rows.length ? table(["", one, two], rows, { "aria-label": "What differs" }) : h("p.quiet", "Nothing but the names.")),
    found.model && panel("model.py", h("pre", { tabindex: "0", "aria-label": "Differences of model.py" }, found.model)),
  ];
}
