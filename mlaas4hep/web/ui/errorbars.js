// How sure the points of a chart are: an upright line from the low end to the high end of each.

// Ends one standard deviation away from each value; null where there is none.
export function around(values, errors) {
  const end = (sign) => values.map((value, at) => (typeof value === "number" && typeof errors?.[at] === "number" ? value + sign * errors[at] : null));
  return { low: end(-1), high: end(1) };
}

// The standard deviation of each of these counts, or of sums of weights with their variances. Sums that
// nobody kept variances of, as earlier releases did not, have none.
export function deviations(counts, variances) {
  if (variances) return variances.map(Math.sqrt);
  return counts.every((one) => Number.isInteger(one) && one >= 0) ? counts.map(Math.sqrt) : counts.map(() => null);
}

/** Return each bin's share of all, and its ends: a bin's entries are in the whole, too. */
export function shares(counts, variances) {
  const errors = deviations(counts, variances);
  const whole = counts.reduce((sum, each) => sum + each, 0) || 1;
  const spread = errors.reduce((sum, each) => sum + each ** 2, 0);
  const values = counts.map((each) => each / whole);
  const sure = values.map((share, bin) => errors[bin] === null ? null : Math.sqrt(Math.max(0, (1 - 2 * share) * errors[bin] ** 2 + share ** 2 * spread)) / Math.abs(whole));
  return { values, ends: around(values, sure) };
}

/** Return the range of an axis that all ends fit on; nothing where no series has some. */
export function reach(series) {
  const ends = series.flatMap((one) => (one.ends ? [...one.ends.low, ...one.ends.high, ...one.values] : [])).filter((one) => typeof one === "number");
  if (!ends.length) return undefined;
  return (_plot, low, high) => {
    const [least, most] = [Math.min(low, ...ends), Math.max(high, ...ends)];
    const beside = 0.05 * (most - least) || 1;
    return [least - beside, most + beside];
  };
}

/** Draw the ends of all series that have some. */
export function drawEnds(plot, series) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([]); // or that of the last line stays
  for (const { ends, colour } of series) {
    if (!ends) continue;
    ctx.strokeStyle = colour;
    ctx.beginPath();
    for (let at = 0; at < ends.low.length; at += 1) upright(plot, ends, at);
    ctx.stroke();
  }
  ctx.restore();
}

function upright(plot, { low, high, isOfBins }, at) {
  const [x] = plot.data;
  const { y } = plot.scales;
  const isLogarithmic = y.distr === 3;
  if (typeof low[at] !== "number" || high[at] === low[at] || (isLogarithmic && !(high[at] > 0))) return;
  const lowest = isLogarithmic ? Math.max(low[at], y.min) : low[at]; // a logarithm has no end below
  const left = plot.valToPos(isOfBins ? (x[at] + x[at + 1]) / 2 : x[at], "x", true);
  plot.ctx.moveTo(left, plot.valToPos(lowest, "y", true));
  plot.ctx.lineTo(left, plot.valToPos(high[at], "y", true));
}
