/**
 * Counts the operations a server was asked for, and how many of them had to wait for another.
 *
 * @module
 */

/** One call, whatever became of it. */
export interface LogEntry {
  readonly operation: string
  readonly key: string
  /** Milliseconds, of `performance.now`. */
  readonly start: number
  /** When the last byte of the answer was about to be sent; infinite until then. */
  end: number
}

/** Counts calls by operation. */
export class Counter {
  #log: LogEntry[] = []

  /** All calls since the last reset, by their start. */
  get log(): readonly LogEntry[] {
    return this.#log
  }

  /** Number of calls. */
  get total(): number {
    return this.#log.length
  }

  /** Number of calls by operation, for example `{ GetObject: 3, PutObject: 1 }`. */
  get counts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { operation } of this.#log) counts[operation] = (counts[operation] ?? 0) + 1
    return counts
  }

  /** Forgets all calls. */
  reset(): void {
    this.#log = []
  }

  /** Notes that a call begins; whoever carries it out sets its end. */
  begin(operation: string, key: string): LogEntry {
    const entry = { operation, key, start: performance.now(), end: Number.POSITIVE_INFINITY }
    this.#log.push(entry)
    return entry
  }
}

/**
 * Length of the longest chain of calls in which each began after the one before had ended: how many
 * round trips one after the other the calls cost.
 */
export const sequentialSteps = (log: readonly Pick<LogEntry, 'start' | 'end'>[]): number => {
  // The call that ends first leaves the most room for the rest of the chain.
  let steps = 0
  let free = Number.NEGATIVE_INFINITY
  for (const { start, end } of log.toSorted((a, b) => a.end - b.end)) {
    if (start < free) continue
    steps++
    free = end
  }
  return steps
}
