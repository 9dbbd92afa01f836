// What a run learned from: branches, cuts, distributions.
import { histogram } from "../chart.js";
import { breakable, fill, h, numberCell, numberHead, panel, rowHead, table, warnings } from "../dom.js";
import { around, deviations, shares } from "../errorbars.js";
import { count, number, percent } from "../format.js";
import { get } from "../server.js";
import { absent } from "./absent.js";
import { matrix } from "./matrix.js";

const SHOWN = 24;

export async function show(body, run, { signal, whose }) {
  const path = `runs/${encodeURIComponent(run.name)}`;
  const [features, cutflow, histograms, together] = await Promise.all(["features", "cutflow", "histograms", "correlations"].map((what) => get(`${path}/${what}`, whose).catch((error) => error)));
  if (signal.aborted) return;
  if (features.status === 409 && run.status !== "done") {
    fill(body, warnings(run.warnings), absent(features, run, "The files are being measured."));
    return;
  }
  fill(
    body,
    h(
      "div.stack",
      warnings(run.warnings),
      cutflow instanceof Error ? absent(cutflow, run) : cuts(cutflow),
      features instanceof Error ? absent(features, run) : branches(features),
      together instanceof Error || together.branches.length < 2 ? null : matrix(together, features.features?.filter((one) => !one.jagged && one.used).length),
      histograms instanceof Error ? absent(histograms, run) : distributions(histograms, categoriesOf(features)),
    ),
  );
}

function cuts(found) {
  const rows = found.files.map((one) => [one.file, numberCell(count(one.entries)), numberCell(count(one.passed)), numberCell(one.entries ? percent(one.passed / one.entries) : "–")]);
  rows.push([rowHead("All"), numberCell(count(found.entries)), numberCell(count(found.passed)), numberCell(found.entries ? percent(found.passed / found.entries) : "–")]);
  const entries = panel("Entries", table(["File", numberHead("Entries"), numberHead("Pass the cuts"), numberHead("Share")], rows, { "aria-label": "Entries by file" }));
  return found.cuts.length ? h("div.grid2", entries, cutFlow(found)) : entries;
}

// {branch: what its numbers mean} of branches of text
function categoriesOf(features) {
  const found = features instanceof Error ? [] : features.features.filter((one) => one.categories?.length);
  return Object.fromEntries(found.map((one) => [one.branch, one.categories.map((text, index) => `${index} ${text || "(empty)"}`).join(" · ")]));
}

const MOST_FILES = 6; // columns of a cut flow

// What each cut leaves, file by file where there are few; shares are of all entries.
function cutFlow(found) {
  const files = found.files.length > 1 && found.files.length <= MOST_FILES ? found.files.filter((one) => one.cuts.length) : [];
  const left = (passed, entries) => numberCell([count(passed), h("span.quiet.small", ` ${entries ? percent(passed / entries) : "–"}`)]);
  const passedIn = (one, cut) => one.cuts.find((each) => each.cut === cut)?.passed ?? 0;
  const row = (name, all, of) => [rowHead(name), ...files.map((one) => left(of(one), one.entries)), left(all, found.entries)];
  const rows = [row("all entries", found.entries, (one) => one.entries), ...found.cuts.map(({ cut, passed }) => row(cut, passed, (one) => passedIn(one, cut)))];
  return panel("Cut flow", table(["After the cut", ...files.map((one) => numberHead(one.file)), numberHead("All")], rows, { "aria-label": "Cut flow" }));
}

function branches(found) {
  const odd = (one) => [one.nan && `${count(one.nan)} NaN`, one.infinite && `${count(one.infinite)} infinite`, one.missing && `${count(one.missing)} mean “missing”`, ...(one.odd || []).map((each) => `${number(each.value)} in ${percent(each.share)}, may mean “missing”`), one.clipped && `about ${count(one.clipped)} clipped`, one.constant && "constant", !one.used && "left out"].filter(Boolean).join(", ");
  const kind = (one) => `${one.jagged ? `up to ${one.columns} values` : "one value"}${one.categories?.length ? ", text" : ""}`;
  const rows = found.features.map((one) => [rowHead(one.branch), kind(one), numberCell(number(one.low)), numberCell(number(one.high)), odd(one) || "–"]);
  const names = [["Label", found.label], ["Identifiers", found.identifiers]].filter(([, list]) => list.length);
  return h(
    "div.grid2",
    panel(`Features (${found.features.length})`, long(["Branch", "Kind", numberHead("Lowest"), numberHead("Highest"), "Odd"], rows, { "aria-label": "Features" }), names.map(([what, list]) => h("p.small.quiet", `${what}: ${list.join(", ")}`))),
    panel(
      "Left out",
      found.left_out === null
        ? h("p.quiet", "The files cannot be opened any more, so nobody knows what else they hold.")
        : found.left_out.length
          ? long(["Branch", "Why"], found.left_out.map((one) => [rowHead(one.branch), one.reason]), { "aria-label": "Branches that are left out" })
          : h("p.quiet", "Nothing: every branch is a feature."),
    ),
  );
}

// A table that scrolls in itself if it is long: what comes below it is found.
function long(...parts) {
  const shown = table(...parts);
  shown.classList.add("long");
  return shown;
}

function distributions(found, categories) {
  const place = h("div.grid3");
  const state = { q: "", after: false, density: true, log: false, shown: SHOWN };
  const more = h("button.plain", { type: "button", onclick: () => { state.shown += SHOWN; draw(); } }, "More");
  function draw() {
    const wanted = found.filter((one) => one.branch.toLowerCase().includes(state.q));
    fill(place, wanted.slice(0, state.shown).map((one) => h("section.panel", h("h3", breakable(one.branch)), categories[one.branch] && h("p.small.quiet", categories[one.branch]), drawn(one, state))));
    more.hidden = wanted.length <= state.shown;
  }
  const search = h("input", { type: "search", placeholder: "branch", oninput: (event) => { state.q = event.target.value.toLowerCase(); draw(); } });
  const units = h("select", { onchange: (event) => { state.after = event.target.value === "after"; draw(); } }, h("option", { value: "before" }, "as in the files"), h("option", { value: "after" }, "normalised"));
  const scales = [["each class to 1", true, false], ["each class to 1, logarithmic", true, true], ["counts", false, false], ["counts, logarithmic", false, true]];
  const scale = h("select", { onchange: (event) => { [, state.density, state.log] = scales[event.target.value]; draw(); } }, scales.map(([text], index) => h("option", { value: index }, text)));
  draw();
  return h("section", { "aria-label": "Distributions" }, h("div.head", h("h2", "Distributions"), h("div.filters", h("label", "Find", search), h("label", "Units", units), h("label", "Scale", scale))), place, h("p", more));
}

function drawn(found, state) {
  const one = byWholeNumbers(found) || found;
  const classes = Object.entries(one.by_class || {});
  const series = (classes.length ? classes : [["all", one.counts]]).map(([name, counts]) => {
    const variances = classes.length ? one.variances_by_class?.[name] : one.variances;
    const drawn = state.density ? shares(counts, variances) : { values: counts, ends: around(counts, deviations(counts, variances)) };
    return { label: classes.length ? `class ${name}` : name, ...drawn, width: 1.4 };
  });
  return histogram({ label: `Distribution of ${one.branch}`, edges: state.after ? one.normalised_edges : one.edges, xLabel: one.branch.length > 28 ? "value" : one.branch, yLabel: state.density ? "share" : "values", series, log: state.log, whole: one !== found && !state.after });
}

// Few whole numbers fill some of many bins: each gets one of its own, around it. Null: there are others.
function byWholeNumbers(one) {
  const [low, high, bins] = [one.edges[0], one.edges.at(-1), one.counts.length];
  const span = high - low;
  if (!Number.isInteger(low) || !Number.isInteger(span) || span < 1 || span > bins / 2) return null;
  const close = 1e-6 * span;
  const numberIn = one.counts.map((_count, bin) => [Math.ceil(one.edges[bin] - close)].find((each) => each <= one.edges[bin + 1] + close));
  if (one.counts.some((count, bin) => count && numberIn[bin] === undefined)) return null;
  const together = (counts) => {
    const sums = Array(span + 1).fill(0);
    for (const [bin, count] of counts.entries()) if (count) sums[numberIn[bin] - low] += count;
    return sums;
  };
  const edges = Array.from({ length: span + 2 }, (_one, index) => low + index - 0.5);
  const ofEach = (all) => all && Object.fromEntries(Object.entries(all).map(([name, counts]) => [name, together(counts)]));
  return {
    branch: one.branch,
    counts: together(one.counts),
    by_class: ofEach(one.by_class ?? {}),
    variances: one.variances && together(one.variances),
    variances_by_class: ofEach(one.variances_by_class),
    edges,
    normalised_edges: edges.map((edge) => (edge - low) / span),
  };
}
