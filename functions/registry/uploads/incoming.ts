/**
 * The bytes of one request, checked against what its headers say of them.
 *
 * @module
 */

import type { ByteSource } from '../../storage/bytes.ts'
import { RegistryError } from '../errors.ts'
import type { UploadState } from './state.ts'

/** Bytes that come with a request, and what its headers say of them. */
export interface Incoming {
  readonly source: ByteSource
  /** Content-Length, where there is one. */
  readonly length: number | undefined
  /** First and last byte within the blob, where Content-Range says so. */
  readonly range: { readonly start: number; readonly end: number } | undefined
}

const outOfOrder = (state: UploadState, start: number): RegistryError =>
  new RegistryError(
    'RANGE_INVALID',
    `Content-Range begins at ${start}, but the upload has ${state.offset} bytes: continue at ${state.offset}`,
    { detail: { uuid: state.uuid, offset: state.offset } },
  )

const wrongSize = (what: string, said: number, got: number): RegistryError =>
  new RegistryError('SIZE_INVALID', `${what} says ${said} bytes, the body has ${got}`)

/** Refuses bytes that are not the upload's next ones, before any is read. */
export const checkRange = (state: UploadState, { range, length }: Incoming): void => {
  if (range === undefined) return
  if (range.start !== state.offset) throw outOfOrder(state, range.start)
  const size = range.end - range.start + 1
  if (length !== undefined && length !== size) throw wrongSize('Content-Range', size, length)
}

/** Refuses a body that was not as long as its headers said. */
export const checkReceived = ({ range, length }: Incoming, received: number): void => {
  if (length !== undefined && length !== received) {
    throw wrongSize('Content-Length', length, received)
  }
  const size = range && range.end - range.start + 1
  if (size !== undefined && size !== received) throw wrongSize('Content-Range', size, received)
}
