/**
 * Documents that requests bring.
 *
 * @module
 */

import { DocumentError } from '../../shared/errors.ts'
import { RequestError } from '../errors.ts'

/** Reads a document of a request. @throws RequestError PARAMETER_INVALID where it is not valid */
export const readGiven = async <T>(read: () => T | Promise<T>): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    throw new RequestError('PARAMETER_INVALID', error.message, { cause: error })
  }
}
