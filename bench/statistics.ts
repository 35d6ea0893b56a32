/**
 * What is said of repeated measurements: the median, how far they spread, and how two compare.
 *
 * @module
 */

/** Repeated measurements of one thing. */
export interface Summary {
  readonly median: number
  /** The value below which a tenth of the measurements are. */
  readonly p10: number
  /** The value below which nine tenths of the measurements are. */
  readonly p90: number
  /** Number of measurements. */
  readonly n: number
}

/**
 * The value below which a share of the measurements are, between two of them by linear interpolation.
 *
 * @param share 0 to 1
 * @throws RangeError without measurements
 */
export const quantile = (values: readonly number[], share: number): number => {
  if (values.length === 0) throw new RangeError('no measurements')
  const sorted = values.toSorted((a, b) => a - b)
  const at = share * (sorted.length - 1)
  const below = sorted[Math.floor(at)]!
  const above = sorted[Math.ceil(at)]!
  return below + (above - below) * (at - Math.floor(at))
}

/** Four significant digits: more than that is noise, and none of it belongs into a page. */
const rounded = (value: number): number => Number(value.toPrecision(4))

/**
 * Sums measurements up, to four significant digits.
 *
 * @throws RangeError without measurements
 */
export const summarize = (values: readonly number[]): Summary => ({
  median: rounded(quantile(values, 0.5)),
  p10: rounded(quantile(values, 0.1)),
  p90: rounded(quantile(values, 0.9)),
  n: values.length,
})

/**
 * The median of the ratios of pairs that were measured one right after the other, so that what slowed
 * the machine down for both cancels out.
 *
 * @throws RangeError without pairs, or when the numbers of measurements differ
 */
export const pairedRatio = (ours: readonly number[], theirs: readonly number[]): number => {
  if (ours.length !== theirs.length) throw new RangeError('measurements are not in pairs')
  const ratios = ours.map((value, at) => value / theirs[at]!)
  return rounded(quantile(ratios, 0.5))
}
