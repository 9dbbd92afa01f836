// A training's figures round by round, as lines: of folds, which learn one after the other, each has its own.

// [{base, names}]: a metric, and how a round calls it for training and validation. `fold` only says whose a round is.
export function curveSets(history) {
  const names = [...new Set(history.flatMap((round) => Object.keys(round)))].filter((one) => one !== "fold");
  const bases = [...new Set(names.map((one) => one.replace(/^val_/, "")))];
  return bases.map((base) => ({ base, names: [base, `val_${base}`].filter((one) => names.includes(one)) }));
}

function foldsOf(history) {
  const folds = [...new Set(history.map((round) => round.fold ?? null))].sort((one, other) => one - other);
  return folds.map((fold) => [fold, history.filter((round) => (round.fold ?? null) === fold)]);
}

// 1, 2, … as far as the longest of these histories goes
export function roundNumbers(...histories) {
  const rounds = Math.max(0, ...histories.flatMap((history) => foldsOf(history).map(([_fold, own]) => own.length)));
  return Array.from({ length: rounds }, (_one, index) => index + 1);
}

// [{fold, isValidation, values}] of one metric at the rounds x; fold is null where there are none
export function linesOf(history, { names }, x) {
  return foldsOf(history).flatMap(([fold, own]) => names.filter((name) => own.some((round) => name in round)).map((name) => ({ fold, isValidation: name.startsWith("val_"), values: x.map((round) => own[round - 1]?.[name] ?? null) })));
}
