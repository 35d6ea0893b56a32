/**
 * Finds the word that somebody most likely meant.
 *
 * @module
 */

/** Fewest letters to add, drop, change or swap with their neighbour to make one word of the other. */
const distance = (from: string, to: string): number => {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const changed = from[i - 1] === to[j - 1] ? 0 : 1
      const swapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row.push(
        Math.min(
          rows[i - 1]![j]! + 1,
          row[j - 1]! + 1,
          rows[i - 1]![j - 1]! + changed,
          swapped ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    rows.push(row)
  }
  return rows[from.length]![to.length]!
}

/** Longest word that is compared, in characters: nobody mistypes more, and the cost is its square. */
const LONGEST = 40

/**
 * The word nearest to one that is not among them.
 *
 * @returns undefined when none is near: more than a third of the letters differ
 */
export const nearest = (word: string, among: Iterable<string>): string | undefined => {
  if (word.length > LONGEST) return undefined
  let best: string | undefined
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const each of among) {
    const away = distance(word, each)
    if (away < least) [best, least] = [each, away]
  }
  return best
}
