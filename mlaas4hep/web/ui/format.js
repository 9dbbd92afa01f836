// Values as people read them.

export function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e16) return value.toLocaleString("en");
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2) : Number(value.toPrecision(digits)).toString();
}

export function count(value) {
  return value === null || value === undefined ? "–" : value.toLocaleString("en");
}

// How many entries, or the sum of their weights.
export function amount(value) {
  return Number.isInteger(value) ? count(value) : count(Number(value.toPrecision(5)));
}

export function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return seconds < 10 ? `${seconds.toFixed(1)} s` : `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

export function age(time) {
  const seconds = (Date.now() - Date.parse(time)) / 1000;
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

export function percent(value) {
  return `${(100 * value).toFixed(value < 0.1 || value > 0.9 ? 1 : 0)} %`;
}

export function plusMinus(value, error) {
  return typeof error === "number" ? `${value.toFixed(4)} ± ${error.toFixed(4)}` : number(value, 4);
}

// A value with its error in two digits, of whatever size: "0.0123 ± 0.0045", "(2.423 ± 0.043)e6".
export function withError(value, error) {
  if (typeof value !== "number" || !(error > 0 && error < Infinity)) return number(value);
  const power = Math.floor(Math.log10(Math.max(Math.abs(value), error)));
  const isFar = power >= 6 || power < -3;
  const [shown, sure] = [value, error].map((one) => (isFar ? one / 10 ** power : one));
  const decimals = Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(sure))));
  const text = `${shown.toFixed(decimals)} ± ${sure.toFixed(decimals)}`;
  return isFar ? `(${text})e${power}` : text;
}

export function percentWithError(value, error) {
  const sure = 100 * error;
  if (!(sure > 0 && sure < Infinity)) return percent(value);
  const decimals = Math.min(4, Math.max(0, 1 - Math.floor(Math.log10(sure))));
  return `${(100 * value).toFixed(decimals)} ± ${sure.toFixed(decimals)} %`;
}

export const isWeighted = (set) => typeof set.sum_of_weights === "number";

export const SETS = { test: "held out", val: "validation", train: "training" };

// "test_auc" is "AUC, held out". Names of labels, branches and metrics in it stay as somebody wrote them.
export function metricName(name) {
  const [, set, what] = /^(?:(test|val|train)_)?(.*)$/s.exec(name);
  const said = what.replace(/(^|_)(auc|rmse|loss)(_error)?$/, (_all, joint, figure, error) => `${joint && " "}${figure === "loss" ? figure : figure.toUpperCase()}${error ? " error" : ""}`);
  return set ? `${said}, ${SETS[set]}` : said;
}

// The most telling figures, of held-out entries first, as [name, text] with their errors.
export function measured(run, most) {
  const { metrics } = run;
  const said = (name) => metricName(name).replace(/^AUC(?=,)/, areaWord(run));
  const rank = (name) => ["test_", "val_", "train_"].findIndex((set) => name.startsWith(set)) + 1 || 4;
  return Object.entries(metrics)
    .filter(([name, value]) => value !== null && !name.endsWith("_error"))
    .sort(([one], [two]) => rank(one) - rank(two))
    .slice(0, most)
    .map(([name, value]) => [rank(name) < 4 ? said(name) : `${metricName(name)}, training, last round`, plusMinus(value, metrics[`${name}_error`])]);
}

// An AUC of several classes, or labels, is their mean.
function areaWord({ metrics, learned }) {
  const several = learned === "multiclass" || Object.keys(metrics).some((name) => /^test_.+_auc$/s.test(name));
  return several ? "mean AUC" : "AUC";
}

function auc(run) {
  const named = ["test_auc", "val_auc", "auc"].find((name) => typeof run.metrics[name] === "number");
  return named ? run.metrics[named] : null;
}

// What a list says of how good a run is: the AUC, or the RMSE of values.
export function goodness(run) {
  const area = auc(run);
  if (area !== null) return `${areaWord(run)} ${number(area, 4)}`;
  const named = ["test_rmse", "val_rmse"].find((name) => typeof run.metrics[name] === "number");
  return named ? `RMSE ${number(run.metrics[named], 4)}` : "–";
}

const FINAL = new Set(["done", "failed", "cancelled"]);

export function isFinal(run) {
  return FINAL.has(run.status);
}

export function statusClass(status) {
  return FINAL.has(status) ? status : "running";
}
