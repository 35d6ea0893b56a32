/**
 * Numbers that look like chance and are the same in each run.
 *
 * @module
 */

/** Gives a number from 0 to 1, without 1. */
export type Random = () => number

/** A generator (mulberry32) that a seed determines. */
export const seeded = (seed: number): Random => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A waiting time with this mean, as between events that do not know of each other. */
export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random())

/** Which of many things is asked for, and how large a share of all requests each gets. */
export interface Popularity {
  pick(random: Random): number
  share(index: number): number
}

/** All are asked for equally often. */
export const uniform = (count: number): Popularity => ({
  pick: (random) => Math.floor(random() * count),
  share: () => 1 / count,
})

/** Zipf's law with exponent 1: number n of the list is asked for 1/n times as often as the first. */
export const zipf = (count: number): Popularity => {
  const sums = new Float64Array(count)
  let sum = 0
  for (let at = 0; at < count; at++) {
    sum += 1 / (at + 1)
    sums[at] = sum
  }
  return {
    pick(random) {
      const wanted = random() * sum
      let [low, high] = [0, count - 1]
      while (low < high) {
        const middle = (low + high) >>> 1
        if (sums[middle]! < wanted) low = middle + 1
        else high = middle
      }
      return low
    },
    share: (index) => 1 / (index + 1) / sum,
  }
}
