/**
 * Times that the clean-up and the writers beside it rely on. In milliseconds.
 *
 * @module
 */

/** R: from the first look at data, marker or link to the sending of a link. A later one looks again. */
export const REQUEST = 5 * 60_000

/**
 * S: how long a write that was sent can land. S3 takes a signature for 15 minutes, by a clock that
 * may differ from the signer's by 15 more.
 */
export const LANDING = 30 * 60_000

/** How much later than its first write the last write of a push can land: data, link, tag. */
export const PUSH = REQUEST + LANDING

/** C: how long a claim holds. Longer than the delete that it announces can land. */
export const CLAIM = LANDING + 5 * 60_000

/** Milliseconds by which the clock of a writer may differ from the one that dates markers. */
const SKEW = 15 * 60_000

/** What writers go by. Shorter ones than {@link BOUNDS} are only for tests whose store holds to them. */
export interface Bounds {
  /** R. */
  readonly request: number
  /** C. */
  readonly claim: number
  /** By how much clocks may differ. */
  readonly skew: number
}

/** The bounds of every host. */
export const BOUNDS: Bounds = { request: REQUEST, claim: CLAIM, skew: SKEW }

/** G: what must have passed since something was condemned, unless an administrator says otherwise. */
export const GRACE = 48 * 60 * 60_000

/** The least G: {@link REQUEST}, {@link LANDING}, and seconds for which links are remembered; and more. */
export const MIN_GRACE = 60 * 60_000
