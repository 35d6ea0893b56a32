/**
 * Requests that the SDK has to repeat.
 *
 * @module
 */

import type { HttpResponse } from '@smithy/core/protocols'
import { StoreError } from '../../errors.ts'
import type { ReportFallback } from '../direct-client.ts'

/** What the port has to say, and errors that mean a bug in this code, which the SDK's success must not hide. */
const FINAL = [StoreError, TypeError, RangeError, ReferenceError]

/** Drops a response, and returns the error that says why the SDK has to repeat the request. */
export const unusual = ({ statusCode, body }: HttpResponse): Error => {
  body.destroy()
  return new Error(`a response of status ${statusCode}`)
}

/**
 * Runs a request. @returns undefined if the SDK has to repeat it
 *
 * @throws StoreError as the request does
 * @throws TypeError, RangeError or ReferenceError, which mean a bug in this code
 */
export const trying = async <T>(
  doing: string,
  report: ReportFallback,
  request: () => Promise<T>,
): Promise<T | undefined> => {
  try {
    return await request()
  } catch (error) {
    if (FINAL.some((kind) => error instanceof kind)) throw error
    report(doing, error)
    return undefined
  }
}
