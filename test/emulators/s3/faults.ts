/**
 * Faults a test can ask the server for.
 *
 * @module
 */

/** What goes wrong with one call. */
export type Fault =
  /** Answered with 500 or 503; nothing is carried out. */
  | { readonly error: 'InternalError' | 'SlowDown' }
  /** Answered with 200 and an error in the body, as CompleteMultipartUpload and CopyObject can be. */
  | { readonly errorIn200: 'InternalError' | 'SlowDown' }
  /** Carried out, but the connection ends after so many bytes of the answer's body. */
  | { readonly cutAfter: number }
  /** The connection ends without an answer, before or after the call is carried out. */
  | { readonly drop: 'before' | 'after' }
  /** Carried out after so many milliseconds. */
  | { readonly delay: number }

/** Which calls a fault is for; all where empty. */
export interface FaultMatch {
  readonly operation?: string
  readonly key?: RegExp
}

/** Whether a call is within limits; the others are SlowDown, and nothing is carried out. */
export type Allows = (operation: string, key: string) => boolean

interface Queued {
  readonly match: FaultMatch
  readonly fault: Fault
  left: number
}

/** The faults to come. */
export class Faults {
  #queue: Queued[] = []
  #latency = 0
  #allows: Allows | undefined

  /** See {@link latency}. */
  get delay(): number {
    return this.#latency
  }

  /**
   * Makes each call wait before it is carried out until no other has begun for so many milliseconds:
   * so calls that are made at once overlap, also on a machine that is slow to send them.
   */
  latency(milliseconds: number): void {
    this.#latency = milliseconds
  }

  /** Lets the next matching calls fail; each call takes the first fault that matches. */
  next(match: FaultMatch, fault: Fault, times = 1): void {
    this.#queue.push({ match, fault, left: times })
  }

  /** Asks for each call whether it is within limits, as those of S3 by prefix: bench/scale/partitions.ts. */
  limit(allows: Allows): void {
    this.#allows = allows
  }

  /** Drops all faults, the latency and the limits. */
  clear(): void {
    this.#queue = []
    this.#latency = 0
    this.#allows = undefined
  }

  /** Takes the fault for a call from the queue. */
  take(operation: string, key: string): Fault | undefined {
    const found = this.#queue.find(
      ({ match }) =>
        (match.operation === undefined || match.operation === operation) &&
        (match.key === undefined || match.key.test(key)),
    )
    if (found === undefined) {
      return this.#allows?.(operation, key) === false ? { error: 'SlowDown' } : undefined
    }
    found.left--
    this.#queue = this.#queue.filter(({ left }) => left > 0)
    return found.fault
  }
}
