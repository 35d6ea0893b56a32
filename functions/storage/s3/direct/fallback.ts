/**
 * What becomes of a request that the SDK repeats.
 *
 * @module
 */

import type { HttpResponse } from '@smithy/core/protocols'
import type { ReportFallback } from '../direct-client.ts'

/** Errors that say that this code is wrong, which the SDK's success must not hide. */
const FAULTS = [TypeError, RangeError, ReferenceError]

/** Drops a response that is left to the SDK, and says which it was. */
export const unusual = ({ statusCode, body }: HttpResponse): Error => {
  body.destroy()
  return new Error(`a response of status ${statusCode}`)
}

/**
 * Resolves to what `request` does, or to undefined where the SDK has to repeat it.
 *
 * @throws what says that this code is wrong
 */
export const trying = async <T>(
  doing: string,
  report: ReportFallback,
  request: () => Promise<T>,
): Promise<T | undefined> => {
  try {
    return await request()
  } catch (error) {
    if (FAULTS.some((fault) => error instanceof fault)) throw error
    report(doing, error)
    return undefined
  }
}
