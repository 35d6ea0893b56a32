/**
 * How exact the record of pulls is. Times in milliseconds.
 *
 * @module
 */

const HOUR = 3_600_000

/** A pull is not recorded where one of the same manifest was so recently. */
export const RECORDED_FOR = 23 * HOUR

/** A function that has logged a pull does not log the same one again for so long. */
export const LOGGED_FOR = HOUR

/** By how much the last pull may be later than the record says: the sum of both. */
export const BEHIND = RECORDED_FOR + LOGGED_FOR

/** Whoever records says so this often. */
export const SAID_EVERY = 6 * HOUR

/** If nobody has said so for this long, pulls may have been missed, and recording begins anew. */
export const SILENT_FOR = 72 * HOUR
