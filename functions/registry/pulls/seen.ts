/**
 * What a process knows to have been recorded of late, within bounds: whoever pulls many manifests, or one
 * many times, makes it neither larger nor write more.
 *
 * @module
 */

/** Most manifests that are remembered: some megabytes. Of those that were forgotten, the store tells. */
const MAX_SEEN = 10_000

/** Pulls that need no record. */
export interface SeenPulls {
  has(name: string, digest: string): boolean
  /** @param until milliseconds */
  add(name: string, digest: string, until: number): void
}

const keyOf = (name: string, digest: string): string => `${name}@${digest}`

/** @param now clock in milliseconds */
export const createSeenPulls = (now: () => number, most: number = MAX_SEEN): SeenPulls => {
  const seen = new Map<string, number>()
  return {
    has: (name, digest) => (seen.get(keyOf(name, digest)) ?? 0) > now(),
    add(name, digest, until) {
      const key = keyOf(name, digest)
      // The latest is the last to be forgotten.
      seen.delete(key)
      seen.set(key, until)
      if (seen.size <= most) return
      for (const first of seen.keys()) {
        seen.delete(first)
        return
      }
    },
  }
}
