/**
 * What can be wrong with a request of the first API.
 *
 * @module
 */

import { CodedError } from '../shared/errors.ts'

/** Codes by the status that they become; clients of then read the status, and print the message. */
export type V1ErrorCode =
  /** The request, or the layer, is not what it should be: 400. */
  | 'V1_INVALID'
  /** There is no such thing: 404. */
  | 'V1_UNKNOWN'
  /** It is there already: 409. */
  | 'V1_EXISTS'
  /** The client is too old for what it wants: 412. */
  | 'V1_TOO_OLD'

/** A failure that the client can read. */
export class V1Error extends CodedError<V1ErrorCode> {
  override readonly name = 'V1Error'
}

/** In the words of docker-registry 0.9.1, as all texts that clients of then compare: docker goes on at this one. */
export const imageExists = (): V1Error => new V1Error('V1_EXISTS', 'Image already exists')

/** As above. */
export const imageNotFound = (): V1Error => new V1Error('V1_UNKNOWN', 'Image not found')

export const invalid = (message: string, cause?: unknown): V1Error =>
  new V1Error('V1_INVALID', message, { cause })
