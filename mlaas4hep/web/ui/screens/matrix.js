// How much branches go together: a coloured square for each pair, and the strongest pairs as numbers.
import { h, numberCell, numberHead, panel, rowHead, svg, table } from "../dom.js";
import { number } from "../format.js";

const SIDE = 20;
const NAMED = 24; // more names than that do not fit beside the squares
const NAMES_WIDE = 150;
const LISTED = 12;

// `all` is how many branches with one value there are: of very many, those of the first are told.
export function matrix({ branches, matrix: values }, all = branches.length) {
  const size = branches.length * SIDE;
  const left = branches.length <= NAMED ? NAMES_WIDE : 0;
  const squares = values.flatMap((row, down) => row.map((value, right) => square(branches, down, right, value)));
  const picture = svg("svg", { viewBox: `${-left} 0 ${left + size} ${size}`, class: "matrix", role: "img", "aria-label": "Correlations of all pairs of branches" });
  picture.append(svg("rect", { width: size, height: size, class: "unknown" }), ...squares);
  if (left) {
    picture.append(...branches.map((name, down) => svg("text", { x: -6, y: (down + 0.7) * SIDE }, name.length > 22 ? `${name.slice(0, 21)}…` : name)));
    picture.style.maxWidth = `${left + size}px`;
  }
  return h("div.grid2", panel("Correlations", picture, h("p.small.quiet", "Blue goes up together, red goes against each other; both ways in the order of the features.", branches.length < all && ` Of the first ${branches.length} of ${all} branches with one value.`)), panel("The strongest pairs", strongest(branches, values)));
}

function square(branches, down, right, value) {
  const known = value !== null;
  const fill = !known ? "none" : value < 0 ? "var(--c1)" : "var(--c0)";
  const drawn = svg("rect", { x: right * SIDE, y: down * SIDE, width: SIDE, height: SIDE, fill, "fill-opacity": known ? Math.abs(value) : 1 });
  drawn.append(svg("title", {}, `${branches[down]} and ${branches[right]}: ${known ? number(value, 3) : "not known"}`));
  return drawn;
}

function strongest(branches, values) {
  const pairs = values.flatMap((row, down) => row.slice(0, down).map((value, right) => [value, branches[right], branches[down]])).filter(([value]) => value !== null);
  pairs.sort((one, other) => Math.abs(other[0]) - Math.abs(one[0]));
  const rows = pairs.slice(0, LISTED).map(([value, one, other]) => [rowHead(`${one} and ${other}`), numberCell(number(value, 3))]);
  return table(["Branches", numberHead("Correlation")], rows, { "aria-label": "The strongest correlations" });
}
