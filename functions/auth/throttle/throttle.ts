/**
 * Throttles the guessing of passwords. Failures are counted per account and address, so that someone who
 * guesses at an account locks nobody else out of it, and per address, so that moving from account to
 * account does not help.
 *
 * @module
 */

/** A log-in that was let through. One of its methods is called once. */
export interface Attempt {
  /** The password was right. */
  succeeded(): Promise<void> | void
  /** The password was wrong, or there is no such account. */
  failed(): Promise<void> | void
  /** The password was not compared, so whether it was right is unknown. */
  withdrawn(): void
}

/** A log-in that only this process counts. */
export interface MemoryAttempt extends Attempt {
  succeeded(): void
  failed(): void
}

export interface Throttle {
  /**
   * Begins a log-in with what could be guessed. In this process it counts as a failure at once, so that
   * concurrent guesses do not slip through.
   *
   * @param address of the client; IPv6 addresses count by their /64
   * @throws AccessError TOOMANYREQUESTS with `retryAfter`
   */
  attempt(account: string, address: string): Promise<Attempt> | Attempt
  /**
   * The same in memory alone, which costs nothing: for secrets that are too long to be guessed, and for
   * passwords that were right at this address a moment ago.
   */
  inMemory(account: string, address: string): MemoryAttempt
}
