/**
 * Objects that do not hold what their key says: emptied, cut, overwritten by something else.
 *
 * Such an object costs itself only. Readers take it for one that is not there, so that it can be
 * pushed again or deleted, and say which one it is.
 *
 * @module
 */

/** An object that is not usable. */
export interface Damage {
  readonly key: string
  /** What is wrong with it, as the end of a sentence that begins with the key. */
  readonly why: string
}

/** Is told of each damaged object each time it is met; must not throw. */
export type ReportDamage = (damage: Damage) => void

/** For callers that have nobody to tell. */
export const unreported: ReportDamage = () => {}
