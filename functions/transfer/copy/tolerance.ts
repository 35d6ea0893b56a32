/**
 * How many images may fail before the others are not tried any more.
 *
 * @module
 */

import { BusyError, RefusedError, TransferError } from '../errors.ts'
import { isPassing } from './patience.ts'

/** Failures in a row after which a registry is taken to be away: each has been tried for some time. */
const MOST = 3

/** Whether others may fare better than what failed so. */
export const isOfOneImage = (error: unknown): boolean =>
  error instanceof TransferError &&
  !(error instanceof BusyError) &&
  !isPassing(error) &&
  !(error instanceof RefusedError && error.status === 401)

/** Tells images that fail from a registry that is away. */
export interface Tolerance {
  /** Notes that something was had. */
  worked(): void
  /** Notes a failure. */
  failed(error: unknown): void
  /** Why nothing more is to be tried; undefined while there is hope. */
  readonly given: { readonly error: unknown } | undefined
}

/** Begins with no failure. */
export const createTolerance = (): Tolerance => {
  let [inRow, given]: [number, Tolerance['given']] = [0, undefined]
  return {
    worked() {
      inRow = 0
    },
    failed(error) {
      inRow = isOfOneImage(error) ? 0 : inRow + 1
      if (inRow >= MOST || error instanceof BusyError) given ??= { error }
    },
    get given() {
      return given
    },
  }
}
