/**
 * Tags that are versions, and ranges of them, as npm writes both (Semantic Versioning 2.0).
 *
 * @module
 */

/** A version; what a tag leaves out is 0. */
export interface Version {
  readonly numbers: readonly [number, number, number]
  /** What follows the dash; empty: nothing. */
  readonly pre: readonly string[]
}

const VERSION =
  /^v?(\d{1,15})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?(?:-([0-9a-z-]+(?:\.[0-9a-z-]+)*))?$/i

/** Reads `1.27.3`, `v1.27` or `1.27.3-rc.1`. @returns undefined for what is no version */
export const versionOf = (tag: string): Version | undefined => {
  const [whole, major, minor = 0, patch = 0, pre] = tag.match(VERSION) ?? []
  if (whole === undefined) return undefined
  return {
    numbers: [Number(major), Number(minor), Number(patch)],
    pre: pre === undefined ? [] : pre.split('.'),
  }
}

const isNumber = (text: string): boolean => /^\d+$/.test(text)

/** Identifiers of a pre-release: numbers come before words. */
const comparePart = (a: string, b: string): number => {
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b)
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** Negative where the first is the earlier one. */
export const compareVersions = (a: Version, b: Version): number => {
  for (const at of [0, 1, 2] as const) {
    const difference = a.numbers[at] - b.numbers[at]
    if (difference !== 0) return difference
  }
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length
  for (const [at, part] of a.pre.entries()) {
    const other = b.pre[at]
    if (other === undefined) return 1
    const difference = comparePart(part, other)
    if (difference !== 0) return difference
  }
  return a.pre.length - b.pre.length
}

/** From a version on, or up to before one. */
interface Bound {
  readonly kind: 'from' | 'before'
  readonly version: Version
}

const COMPARATOR =
  /^(>=|<=|>|<|=|\^|~)?v?(\d{1,15}|[x*])(?:\.(\d{1,15}|[x*]))?(?:\.(\d{1,15}|[x*]))?(?:-([0-9a-z-]+(?:\.[0-9a-z-]+)*))?$/i

const plain = (...numbers: readonly number[]): Version => ({
  numbers: [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0],
  pre: [],
})

/** The first version that differs in the number at this place. */
const after = (numbers: readonly number[], place: number): Version =>
  plain(...numbers.slice(0, place), (numbers[place] ?? 0) + 1)

/** The version that comes next: nothing is between them. */
const successor = ({ numbers, pre }: Version): Version =>
  pre.length > 0 ? { numbers, pre: [...pre, '0'] } : plain(numbers[0], numbers[1], numbers[2] + 1)

const boundsOf = (text: string): readonly Bound[] | undefined => {
  const [whole, operator = '=', ...parts] = text.match(COMPARATOR) ?? []
  if (whole === undefined) return undefined
  const written = parts.slice(0, 3)
  const end = written.findIndex((each) => each === undefined || !isNumber(each))
  const numbers = (end < 0 ? written : written.slice(0, end)).map(Number)
  const pre = parts[3]?.split('.') ?? []
  const version: Version = { ...plain(...numbers), pre }
  const from: Bound = { kind: 'from', version }
  const before = (limit: Version): Bound => ({ kind: 'before', version: limit })
  if (numbers.length === 0) return operator === '=' ? [] : undefined
  // `1.27` stands for all that begin so.
  const past = numbers.length === 3 ? successor(version) : after(numbers, numbers.length - 1)
  const first = numbers.findIndex((each) => each > 0)
  const last = numbers.length - 1
  switch (operator) {
    case '>=':
      return [from]
    case '>':
      return [{ kind: 'from', version: past }]
    case '<':
      return [before(version)]
    case '<=':
      return [before(past)]
    case '^':
      return [from, before(after(numbers, first < 0 ? last : first))]
    case '~':
      return [from, before(after(numbers, Math.min(1, last)))]
    default:
      return [from, before(past)]
  }
}

const isWithin = (version: Version, bounds: readonly Bound[]): boolean => {
  const within = bounds.every(({ kind, version: bound }) => {
    const difference = compareVersions(version, bound)
    return kind === 'from' ? difference >= 0 : difference < 0
  })
  // Whoever asks for no pre-release of this very version gets none.
  const asked = bounds.some(
    ({ version: bound }) =>
      bound.pre.length > 0 && bound.numbers.every((each, at) => each === version.numbers[at]),
  )
  return within && (version.pre.length === 0 || asked)
}

/**
 * Reads a range: comparators that all hold, alternatives after `||`, as in `>=1.25 <2 || ^3.1`.
 *
 * @returns whether a version is in it; undefined for what is no range
 */
export const rangeOf = (text: string): ((version: Version) => boolean) | undefined => {
  const alternatives = text.split('||').map((each) =>
    each
      .trim()
      .replaceAll(/(>=|<=|>|<|=|\^|~)\s+/g, '$1')
      .split(/[\s,]+/)
      .map(boundsOf),
  )
  const all: Bound[][] = []
  for (const bounds of alternatives) {
    if (bounds.some((each) => each === undefined)) return undefined
    all.push(bounds.flatMap((each) => each ?? []))
  }
  return (version) => all.some((bounds) => isWithin(version, bounds))
}
