// What a run learned from: branches, cuts, distributions.
import { histogram } from "../chart.js";
import { fill, h, numberCell, numberHead, panel, problem, table, warnings } from "../dom.js";
import { count, number, percent } from "../format.js";
import { get } from "../server.js";
import { matrix } from "./matrix.js";

const SHOWN = 24;

export async function show(body, run, { signal, whose }) {
  const path = `runs/${encodeURIComponent(run.name)}`;
  const [features, cutflow, histograms, together] = await Promise.all(["features", "cutflow", "histograms", "correlations"].map((what) => get(`${path}/${what}`, whose).catch((error) => error)));
  if (signal.aborted) return;
  fill(
    body,
    h(
      "div.stack",
      warnings(run.warnings),
      cutflow instanceof Error ? problem(cutflow, "warn") : cuts(cutflow),
      features instanceof Error ? problem(features, "warn") : branches(features),
      together instanceof Error || together.branches.length < 2 ? null : matrix(together),
      histograms instanceof Error ? problem(histograms, "warn") : distributions(histograms),
    ),
  );
}

function cuts(found) {
  const rows = found.files.map((one) => [one.file, numberCell(count(one.entries)), numberCell(count(one.passed)), numberCell(one.entries ? percent(one.passed / one.entries) : "–")]);
  rows.push([h("th", { scope: "row" }, "All"), numberCell(count(found.entries)), numberCell(count(found.passed)), numberCell(found.entries ? percent(found.passed / found.entries) : "–")]);
  const entries = panel("Entries", table(["File", numberHead("Entries"), numberHead("Pass the cuts"), numberHead("Share")], rows, { "aria-label": "Entries by file" }));
  return found.cuts.length ? h("div.grid2", entries, cutFlow(found)) : entries;
}

const MOST_FILES = 6; // columns of a cut flow

// What each cut leaves, file by file where there are few; shares are of all entries.
function cutFlow(found) {
  const files = found.files.length > 1 && found.files.length <= MOST_FILES ? found.files.filter((one) => one.cuts.length) : [];
  const left = (passed, entries) => numberCell([count(passed), h("span.quiet.small", ` ${entries ? percent(passed / entries) : "–"}`)]);
  const passedIn = (one, cut) => one.cuts.find((each) => each.cut === cut)?.passed ?? 0;
  const row = (name, all, of) => [h("th", { scope: "row" }, name), ...files.map((one) => left(of(one), one.entries)), left(all, found.entries)];
  const rows = [row("all entries", found.entries, (one) => one.entries), ...found.cuts.map(({ cut, passed }) => row(cut, passed, (one) => passedIn(one, cut)))];
  return panel("Cut flow", table(["After the cut", ...files.map((one) => numberHead(one.file)), numberHead("All")], rows, { "aria-label": "Cut flow" }));
}

function branches(found) {
  const odd = (one) => [one.nan && `${count(one.nan)} NaN`, one.infinite && `${count(one.infinite)} infinite`, one.missing && `${count(one.missing)} mean “missing”`, one.clipped && `about ${count(one.clipped)} clipped`, one.constant && "constant", !one.used && "left out"].filter(Boolean).join(", ");
  const rows = found.features.map((one) => [h("th", { scope: "row" }, one.branch), one.jagged ? `up to ${one.columns} values` : "one value", numberCell(number(one.low)), numberCell(number(one.high)), odd(one) || "–"]);
  const names = [["Label", found.label], ["Identifiers", found.identifiers]].filter(([, list]) => list.length);
  return h(
    "div.grid2",
    panel(`Features (${found.features.length})`, table(["Branch", "Kind", numberHead("Lowest"), numberHead("Highest"), "Odd"], rows, { "aria-label": "Features" }), names.map(([what, list]) => h("p.small.quiet", `${what}: ${list.join(", ")}`))),
    panel(
      "Left out",
      found.left_out === null
        ? h("p.quiet", "The files cannot be opened any more, so nobody knows what else they hold.")
        : found.left_out.length
          ? table(["Branch", "Why"], found.left_out.map((one) => [h("th", { scope: "row" }, one.branch), one.reason]), { "aria-label": "Branches that are left out" })
          : h("p.quiet", "Nothing: every branch is a feature."),
    ),
  );
}

function distributions(found) {
  const place = h("div.grid3");
  const state = { q: "", after: false, density: true, shown: SHOWN };
  const more = h("button.plain", { type: "button", onclick: () => { state.shown += SHOWN; draw(); } }, "More");
  function draw() {
    const wanted = found.filter((one) => one.branch.toLowerCase().includes(state.q));
    fill(place, wanted.slice(0, state.shown).map((one) => h("section.panel", h("h3", one.branch), drawn(one, state))));
    more.hidden = wanted.length <= state.shown;
  }
  const search = h("input", { type: "search", placeholder: "branch", oninput: (event) => { state.q = event.target.value.toLowerCase(); draw(); } });
  const units = h("select", { onchange: (event) => { state.after = event.target.value === "after"; draw(); } }, h("option", { value: "before" }, "as in the files"), h("option", { value: "after" }, "normalised"));
  const scale = h("select", { onchange: (event) => { state.density = event.target.value === "density"; draw(); } }, h("option", { value: "density" }, "each class to 1"), h("option", { value: "counts" }, "counts"));
  draw();
  return h("section", { "aria-label": "Distributions" }, h("div.head", h("h2", "Distributions"), h("div.filters", h("label", "Find", search), h("label", "Units", units), h("label", "Scale", scale))), place, h("p", more));
}

function drawn(one, state) {
  const classes = Object.entries(one.by_class || {});
  const series = (classes.length ? classes : [["all", one.counts]]).map(([name, counts]) => {
    const sum = counts.reduce((total, each) => total + each, 0) || 1;
    return { label: classes.length ? `class ${name}` : name, values: state.density ? counts.map((each) => each / sum) : counts, width: 1.4 };
  });
  return histogram({ label: `Distribution of ${one.branch}`, edges: state.after ? one.normalised_edges : one.edges, xLabel: one.branch.length > 28 ? "value" : one.branch, yLabel: state.density ? "share" : "values", series });
}
