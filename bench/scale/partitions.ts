/**
 * S3's limits: a bucket's keys, in order, are divided into partitions, each of which takes so many reads and writes a
 * second, and refuses what is beyond. What is under sustained load is split, so that each half has the whole limit.
 *
 * @module
 */

import { type Random, seeded } from './random.ts'

/** What a call is for the limits. LISTs count as reads. */
export type Access = 'read' | 'write'

export interface PartitionLimits {
  /** Per second. */
  readonly reads: number
  readonly writes: number
  /** Minutes of load after which a partition is split. */
  readonly minutes: number
  /** The share of the limit that is load. */
  readonly load: number
}

interface Partition {
  /** The first key that may be in it. */
  readonly from: string
  readonly tokens: Record<Access, number>
  /** When tokens were last added, seconds. */
  filled: number
  /** Calls of this minute. */
  readonly asked: Record<Access, number>
  loadedMinutes: number
  /** Some of the keys of this minute, to find their middle. */
  sample: string[]
  seen: number
}

/** Keys that are remembered of a minute, for each partition. */
const SAMPLE = 401

/** How a call about something asks S3 how often. */
export interface Demand {
  readonly key: string
  readonly access: Access
  /** Calls a second. */
  readonly rate: number
}

export interface Partitions {
  /** Asks for a call at a time, in seconds. @returns false if S3 says SlowDown */
  take(key: string, access: Access, now: number): boolean
  /** Notes calls of this minute without carrying them out. */
  note(key: string, access: Access, calls: number): void
  /** A minute is over: splits what was loaded for long enough. @returns how many were split */
  endMinute(): number
  /** Lets minutes pass with this demand until nothing is split any more. @returns minutes until the last split */
  settle(demand: readonly Demand[], most: number): number
  readonly count: number
  /** Where the partitions begin. */
  readonly starts: readonly string[]
}

const fresh = (from: string, { reads, writes }: PartitionLimits, filled: number): Partition => ({
  from,
  tokens: { read: reads, write: writes },
  filled,
  asked: { read: 0, write: 0 },
  loadedMinutes: 0,
  sample: [],
  seen: 0,
})

/** The key in the middle of a sample; undefined if a partition that begins there would be no smaller. */
const middleOf = ({ sample, from }: Partition): string | undefined => {
  const sorted = sample.toSorted()
  const middle = sorted[sorted.length >>> 1]
  if (middle === undefined) return undefined
  // One key cannot be divided, but what comes after it can go.
  return middle > from ? middle : sorted.find((key) => key > from)
}

/** A bucket with one partition, as a new one is taken to have. */
export const createPartitions = (
  limits: PartitionLimits,
  random: Random = seeded(1),
): Partitions => {
  const most = { read: limits.reads, write: limits.writes }
  let partitions: Partition[] = [fresh('', limits, 0)]

  const find = (key: string): Partition => {
    let [low, high] = [0, partitions.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (partitions[middle]!.from <= key) low = middle
      else high = middle - 1
    }
    return partitions[low]!
  }

  /** Keeps each call's key with the same probability, also if calls are noted many at once. */
  const sampled = (partition: Partition, key: string, calls: number): void => {
    partition.seen += calls
    if (partition.sample.length < SAMPLE) {
      for (let at = 0; at < calls && partition.sample.length < SAMPLE; at++)
        partition.sample.push(key)
      return
    }
    const expected = (SAMPLE * calls) / partition.seen
    const replaced = Math.floor(expected) + (random() < expected % 1 ? 1 : 0)
    for (let at = 0; at < replaced; at++) partition.sample[Math.floor(random() * SAMPLE)] = key
  }

  const noteIn = (partition: Partition, key: string, access: Access, calls: number): void => {
    partition.asked[access] += calls
    sampled(partition, key, calls)
  }

  const isLoaded = ({ asked }: Partition): boolean =>
    Math.max(asked.read / most.read, asked.write / most.write) >= 60 * limits.load

  const divided = (partition: Partition): readonly Partition[] => {
    partition.loadedMinutes = isLoaded(partition) ? partition.loadedMinutes + 1 : 0
    const middle = partition.loadedMinutes >= limits.minutes ? middleOf(partition) : undefined
    partition.asked.read = 0
    partition.asked.write = 0
    partition.sample = []
    partition.seen = 0
    if (middle === undefined) return [partition]
    return [
      fresh(partition.from, limits, partition.filled),
      fresh(middle, limits, partition.filled),
    ]
  }

  const endMinute = (): number => {
    const before = partitions.length
    partitions = partitions.flatMap(divided)
    return partitions.length - before
  }

  return {
    take(key, access, now) {
      const partition = find(key)
      noteIn(partition, key, access, 1)
      const { tokens } = partition
      const passed = Math.max(0, now - partition.filled)
      for (const each of ['read', 'write'] as const) {
        tokens[each] = Math.min(most[each], tokens[each] + passed * most[each])
      }
      partition.filled = Math.max(now, partition.filled)
      if (tokens[access] < 1) return false
      tokens[access] -= 1
      return true
    },
    note: (key, access, calls) => noteIn(find(key), key, access, calls),
    endMinute,
    settle(demand, most) {
      let last = 0
      for (let minute = 1; minute <= most && minute - last <= limits.minutes; minute++) {
        for (const { key, access, rate } of demand) noteIn(find(key), key, access, rate * 60)
        if (endMinute() > 0) last = minute
      }
      // What comes next begins at a time of its own.
      partitions = partitions.map(({ from }) => fresh(from, limits, 0))
      return last
    },
    get count() {
      return partitions.length
    },
    get starts() {
      return partitions.map(({ from }) => from)
    },
  }
}
