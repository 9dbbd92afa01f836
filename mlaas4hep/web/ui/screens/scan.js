// The trials of a scan: a table, the best first, and each trial as a line across its values.
import { breakable, fill, h, numberCell, numberHead, panel, problem, rowHead, svg, table } from "../dom.js";
import { number } from "../format.js";
import { get, runPage } from "../server.js";

const [WIDTH, HEIGHT, SIDE, TOP] = [900, 270, 70, 38];

export async function drawTrials(place, name, whose = {}) {
  let found;
  try {
    found = await get(`scans/${encodeURIComponent(name)}`, whose);
  } catch (error) {
    if (error.status !== 401) fill(place, problem(error, "warn"));
    return;
  }
  const trials = found.trials.map((one) => ({ ...one, values: valuesOf(one.values) }));
  const names = [...new Set(trials.flatMap((one) => Object.keys(one.values)))];
  const done = trials.filter((one) => one.figure !== null);
  const row = (one) => [
    rowHead(h("a", { href: runPage(one.run, whose) }, breakable(one.run))),
    h("span", { class: `tag ${one.status}`, title: one.problem || undefined }, one.run === found.best ? `${one.status}, the best` : one.status),
    numberCell(number(one.figure)),
    ...names.map((key) => shown(one.values[key])),
  ];
  fill(
    place,
    done.length > 1 && names.length ? panel(`Trials by ${found.figure}`, lines(done, names, found)) : null,
    panel(`Trials (${trials.length} of ${found.planned})`, trials.length ? table(["Run", "Status", numberHead(found.figure), ...names], trials.map(row), { "aria-label": "Trials" }) : h("p.quiet", "None has begun.")),
  );
}

function valuesOf(values) {
  return Array.isArray(values) ? Object.fromEntries(values) : values;
}

function shown(value) {
  return typeof value === "number" ? number(value) : value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

// One upright axis for each value and one for the figure; a trial crosses all of them.
function lines(done, names, found) {
  const axes = [...names.map((key) => ({ key, of: (one) => one.values[key] })), { key: found.figure, of: (one) => one.figure }].map((axis, index, all) => ({ ...axis, x: SIDE + (index * (WIDTH - 2 * SIDE)) / Math.max(all.length - 1, 1), place: scale(done.map(axis.of)) }));
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Each trial as a line across its values", class: "parallel" });
  for (const one of [...done].reverse()) {
    const points = axes.map((axis) => `${axis.x},${axis.place.at(axis.of(one))}`).join(" ");
    const line = svg("polyline", { points, class: one.run === found.best ? "best" : "" });
    line.append(svg("title", {}, `${one.run}: ${number(one.figure)}`));
    drawing.append(line);
  }
  for (const axis of axes) {
    drawing.append(svg("line", { x1: axis.x, x2: axis.x, y1: TOP, y2: HEIGHT - TOP }), svg("text", { x: axis.x, y: 14 }, axis.key));
    for (const [text, y] of axis.place.marks) drawing.append(svg("text", { x: axis.x, y, class: "mark" }, text));
  }
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Trials as lines" }, drawing);
}

function scale(values) {
  const [low, high] = [TOP, HEIGHT - TOP];
  if (values.every((one) => typeof one === "number")) {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const at = (value) => (most > least ? high - ((value - least) / (most - least)) * (high - low) : (low + high) / 2);
    return { at, marks: [[number(most, 3), low - 3], ...(most > least ? [[number(least, 3), high + 13]] : [])] };
  }
  const kinds = [...new Set(values.map(shown))];
  const at = (value) => low + ((kinds.indexOf(shown(value)) + 0.5) * (high - low)) / kinds.length;
  return { at, marks: kinds.slice(0, 12).map((kind) => [kind.slice(0, 18), low + ((kinds.indexOf(kind) + 0.5) * (high - low)) / kinds.length - 4]) };
}
