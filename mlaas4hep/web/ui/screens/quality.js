// How good a trained model is: on entries it has never seen, against those it learned from.
import { breakable, fill, figures, h, panel, problem } from "../dom.js";
import { amount, count, isWeighted, number, plusMinus, SETS, withError } from "../format.js";
import { get } from "../server.js";
import { absent } from "./absent.js";
import { profile, residuals } from "./residuals.js";
import { confusion, eachAgainstRest, oneAgainstRest, rocs, scores, twoClasses } from "./separation.js";

export async function show(body, run, { signal, whose }) {
  const path = `runs/${encodeURIComponent(run.name)}`;
  const [found, checks] = await Promise.all([get(`${path}/quality`, whose).catch((error) => error), get(`${path}/checks`, whose).catch(() => ({}))]);
  if (signal.aborted) return;
  if (found instanceof Error) {
    if (found.status !== 401) fill(body, absent(found, run));
    return;
  }
  const labels = [...new Set(Object.keys(found).map(labelOf))];
  const shown = labels.map((label) => ofLabel(setsOf(found, label), label, checks)).filter(Boolean);
  if (!shown.length) {
    fill(body, problem({ message: "No set has entries" }, "warn"));
    return;
  }
  const last = labels[0] && checks.importance ? [h("div.grid2", importance(checks.importance))] : [];
  fill(body, h("div.stack", [...shown.flat(), ...last]));
}

// "test/isB" is about the label isB of several; "test" about the only one.
export function labelOf(key) {
  return key.includes("/") ? key.slice(key.indexOf("/") + 1) : "";
}

export function setsOf(found, label) {
  const end = label && `/${label}`;
  return Object.entries(SETS).filter(([name]) => found[name + end]).map(([name, text]) => ({ name, text, ...found[name + end] }));
}

function ofLabel(sets, label, checks) {
  const best = sets[0];
  if (!best) return null;
  const isOfTwo = best.classes?.length === 2 && best.scores;
  const known = label ? null : checks.overtraining;
  const shown = [
    best.rocs?.length && eachAgainstRest(best),
    isOfTwo ? twoClasses(sets, label, known) : [sets.some((one) => one.roc) && rocs(sets), best.scores && !best.class_scores && scores(sets)],
    sets.some((one) => one.residuals) && residuals(sets),
    best.profile && profile(best),
    !label && checks.importance && importance(checks.importance, best),
  ];
  const grid = shown.flat().filter(Boolean);
  return [panel(label && `Label ${label}`, summary(sets)), grid.length && h("div.grid2", grid), !isOfTwo && best.confusion && confusion(best, label), best.class_scores && oneAgainstRest(sets, label, known)].filter(Boolean);
}

const isMean = (set) => set?.classes?.length > 2; // its AUC is of each class against all others

function summary(sets) {
  return figures(
    sets.flatMap((one) => [
      [`${isMean(one) ? "Mean AUC" : "AUC"}, ${one.text}`, one.auc === null || one.auc === undefined ? null : plusMinus(one.auc, one.auc_error)],
      [`RMSE, ${one.text}`, one.rmse === null || one.rmse === undefined ? null : withError(one.rmse, one.rmse_error)],
      [`Entries, ${one.text}`, count(one.entries)],
      [`Sum of weights, ${one.text}`, isWeighted(one) ? amount(one.sum_of_weights) : null],
    ]),
  );
}

function importance(found, best) {
  const rows = found.branches.slice(0, 30);
  const most = Math.max(...rows.map((one) => one.drop), 1e-12);
  // an RMSE has the label's units, of any size; an AUC lies between 0 and 1
  const told = found.whole < 0 ? number : (value) => value.toFixed(4);
  const bars = rows.map((one) => {
    const meter = h("meter", { min: 0, max: most, "aria-label": one.branch });
    meter.value = Math.max(one.drop, 0);
    return h("div.bar", h("span", breakable(one.branch)), meter, h("span.number", told(one.drop, 4), h("span.quiet.small", ` ± ${told(one.error, 2)}`)));
  });
  return panel("What the model relies on", h("p.small.quiet", `${found.whole < 0 ? `How much the RMSE (${number(-found.whole, 4)}) grows` : `How far the ${isMean(best) ? "mean " : ""}AUC (${number(found.whole, 4)}) falls`} when one branch is shuffled: ${found.repeats} times, on ${count(found.entries)} entries that it has not learned from.`), bars);
}
