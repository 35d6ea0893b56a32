/**
 * What was done with each digest, so that a violation can be explained.
 *
 * @module
 */

/** Events kept of a digest. */
const KEPT = 40

/** What a soak remembers and counts. */
export interface History {
  /** Notes what was done with a digest. */
  note(digest: string, what: string): void
  /** Counts something. */
  count(what: string, times?: number): void
  /** Says that a promise was broken, with the history of these digests. */
  violated(what: string, digests: readonly string[]): void
  readonly counts: Readonly<Record<string, number>>
  readonly violations: readonly string[]
  /** Seconds from the start to the first violation. */
  readonly found: number | undefined
}

/** A history that is empty. */
export const createHistory = (): History => {
  const start = performance.now()
  const since = (): string => ((performance.now() - start) / 1000).toFixed(3)
  const events = new Map<string, string[]>()
  const counts: Record<string, number> = {}
  const violations: string[] = []
  let found: number | undefined
  const history = {
    note(digest: string, what: string) {
      const mine = events.get(digest) ?? []
      mine.push(`${since()} ${what}`)
      if (mine.length > KEPT) mine.shift()
      events.set(digest, mine)
    },
    count(what: string, times = 1) {
      counts[what] = (counts[what] ?? 0) + times
    },
    violated(what: string, digests: readonly string[]) {
      found ??= Number(since())
      const lines = digests.map((each) => [each, ...(events.get(each) ?? [])].join('\n    '))
      violations.push([`${since()} ${what}`, ...lines].join('\n  '))
    },
    counts,
    violations,
    get found() {
      return found
    },
  }
  return history
}
