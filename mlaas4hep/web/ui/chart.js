// Curves and histograms by uPlot, in the page's colours, each with its numbers for those who cannot see it.
import { fill, h, table } from "./dom.js";
import { drawEnds, reach } from "./errorbars.js";
import { number } from "./format.js";

// Colours are kept by name: what a name means changes with the scheme, light or dark.
export const COLOURS = ["--c0", "--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8", "--c9"];
// Of more lines than colours, those that have a colour again are dotted.
export const repeated = (index) => (index < COLOURS.length ? undefined : [2, 3]);
const drawnIn = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function axis(label, more = {}) {
  return {
    label,
    labelSize: 20,
    labelFont: "12px system-ui, sans-serif",
    font: "11px system-ui, sans-serif",
    size: 46,
    stroke: drawnIn("--dim"),
    grid: { stroke: drawnIn("--line"), width: 1 },
    ticks: { stroke: drawnIn("--line"), width: 1, size: 4 },
    ...more,
  };
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const place of document.querySelectorAll(".chart")) place.recolour();
});

const figure = (value) => (value === null || value === undefined ? "" : number(value, 4));
// Room beside an axis is small: 1,000,000 is 1e6 there.
const short = (value) => (value !== null && Math.abs(value) >= 1e5 ? value.toExponential().replace("e+", "e") : figure(value));
const numbers = (_plot, values) => values.map(short);
const WHOLE = [1, 2, 5].flatMap((step) => Array.from({ length: 9 }, (_one, power) => step * 10 ** power)).sort((one, other) => one - other);

// series: [{label, values, colour?, dash?, stepped?, points?, ends?}]; x: numbers that rise, `whole` if no others lie between
export function chart({ label, x, xLabel, yLabel, series, height = 240, xRange, yRange, log = false, whole = false }) {
  const place = h("div.chart", { role: "img", "aria-label": label });
  const colourOf = (index) => series[index].colour || COLOURS[index % COLOURS.length];
  const dashOf = (one, index) => one.dash ?? (one.colour ? undefined : repeated(index));
  const sketch = (one, index) => ({
    label: one.label,
    stroke: drawnIn(colourOf(index)),
    width: one.width ?? 1.75,
    dash: dashOf(one, index),
    paths: one.stepped ? uPlot.paths.stepped({ align: 1 }) : one.pointsOnly ? () => null : undefined,
    points: { show: one.points ?? x.length < 3, size: one.pointsOnly ? 5 : 4 },
  });
  const options = {
    width: 400,
    height,
    legend: { show: true, live: false, markers: { width: 2, stroke: (_plot, index) => `var(${colourOf(index - 1)})`, dash: (_plot, index) => (dashOf(series[index - 1], index - 1) ? "dashed" : "solid") } },
    cursor: { points: { size: 6 }, drag: { x: true, y: false } },
    scales: {
      x: { time: false, range: xRange ? () => xRange : undefined },
      y: { distr: log ? 3 : 1, range: yRange ? () => yRange : log ? undefined : reach(series) },
    },
    axes: [axis(xLabel, { values: numbers, size: 34, incrs: whole ? WHOLE : undefined }), axis(yLabel, { values: numbers, size: 58 })],
    series: [{}, ...series.map(sketch)],
    hooks: {
      draw: [(plot) => drawEnds(plot, series.map((one, index) => ({ ends: one.ends, colour: drawnIn(colourOf(index))() })))],
      setCursor: [(plot) => point(plot, xLabel, series.map((one, index) => ({ ...one, colour: colourOf(index) })))],
    },
  };
  const data = [x, ...series.map((one) => one.values)];
  const plot = new uPlot(options, data, place);
  const fit = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width > 0 && width !== plot.width) plot.setSize({ width, height });
  });
  fit.observe(place);
  place.recolour = () => plot.redraw(false);
  const listed = h("details.numbers", h("summary", "Numbers"));
  listed.addEventListener("toggle", () => listed.open && fill(listed, h("summary", "Numbers"), rows(plot, xLabel, series)));
  const element = h("div", place, listed);
  place.dataset.points = x.length;
  element.redraw = (newX, values) => {
    plot.setData([newX, ...values]);
    place.dataset.points = newX.length;
  };
  return element;
}

// The numbers where somebody points, in a box beside the pointer: the legend keeps its size.
function point(plot, xLabel, lines) {
  const { idx: at, left } = plot.cursor;
  plot.over.querySelector(".pointed")?.remove();
  if (at === null || at === undefined || left < 0) return;
  const [x, ...values] = plot.data.map((each) => each[at]);
  const listed = lines.flatMap(({ label, colour, ends }, index) => (typeof values[index] === "number" ? [[label, colour, `${figure(values[index])}${between(ends, at)}`]] : []));
  const box = h("div", { class: left > plot.over.clientWidth / 2 ? "pointed left" : "pointed" }, h("div", `${xLabel} ${figure(x)}`), listed.map(([label, colour, value]) => h("div", swatch(colour), `${label}: ${value}`)));
  box.style.left = `${left}px`;
  plot.over.append(box);
}

function swatch(colour) {
  const drawn = h("i");
  drawn.style.borderColor = `var(${colour})`;
  return drawn;
}

// Where the ends of a value lie, if it has some.
const between = (ends, at) => (typeof ends?.low[at] === "number" && ends.low[at] !== ends.high[at] ? ` (${number(ends.low[at], 3)} to ${number(ends.high[at], 3)})` : "");

function rows(plot, xLabel, series) {
  const [x, ...values] = plot.data;
  return table(
    [xLabel, ...series.map((one) => one.label)],
    x.map((at, index) => [number(at, 4), ...values.map((one, line) => `${number(one[index] ?? null, 4)}${between(series[line].ends, index)}`)]),
    { "aria-label": "Numbers of the chart" },
  );
}

// Counts between edges, drawn as steps; `counts` one list for each series.
export function histogram({ label, edges, xLabel, yLabel, series, height = 180, log = false, whole = false }) {
  const shown = (values) => (log ? values.map((each) => (each > 0 ? each : null)) : values);
  const all = series.flatMap((one) => [...one.values, ...(one.ends?.low ?? []), ...(one.ends?.high ?? [])]);
  const yRange = log ? undefined : [Math.min(0, ...all), 1.05 * Math.max(0, ...all) || 1];
  const closed = series.map((one) => ({ ...one, ends: one.ends && { ...one.ends, isOfBins: true }, stepped: one.stepped ?? true, points: one.points ?? false, values: shown([...one.values, one.pointsOnly ? null : one.values.at(-1)]) }));
  return chart({ label, x: edges, xLabel, yLabel, series: closed, height, log, whole, xRange: [edges[0], edges.at(-1)], yRange });
}
