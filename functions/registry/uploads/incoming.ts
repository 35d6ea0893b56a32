/**
 * The bytes of one request, checked against its headers.
 *
 * @module
 */

import type { ByteSource } from '../../storage/bytes.ts'
import { RegistryError } from '../errors.ts'
import type { UploadState } from './state.ts'

/** The bytes of a request, and what its headers declare. */
export interface Incoming {
  readonly source: ByteSource
  /** Content-Length, if declared. */
  readonly length: number | undefined
  /** First and last byte within the blob, if declared by Content-Range. */
  readonly range: { readonly start: number; readonly end: number } | undefined
  /** Whether another registry sent them because we asked: then it is no push that anybody is told of. */
  readonly fetched?: boolean
}

const outOfOrder = (state: UploadState, start: number): RegistryError =>
  new RegistryError(
    'RANGE_INVALID',
    `Content-Range begins at ${start}, but the upload has ${state.offset} bytes: continue at ${state.offset}`,
    { detail: { uuid: state.uuid, offset: state.offset } },
  )

const wrongSize = (header: string, declared: number, received: number): RegistryError =>
  new RegistryError(
    'SIZE_INVALID',
    `${header} declares ${declared} bytes, but the body has ${received}`,
  )

/** Refuses bytes that are not the next ones of the upload, before any is read. */
export const checkRange = (state: UploadState, { range, length }: Incoming): void => {
  if (range === undefined) return
  if (range.start !== state.offset) throw outOfOrder(state, range.start)
  const size = range.end - range.start + 1
  if (length !== undefined && length !== size) throw wrongSize('Content-Range', size, length)
}

/** Refuses a body that was not as long as its headers declared. */
export const checkReceived = ({ range, length }: Incoming, received: number): void => {
  if (length !== undefined && length !== received) {
    throw wrongSize('Content-Length', length, received)
  }
  const size = range && range.end - range.start + 1
  if (size !== undefined && size !== received) throw wrongSize('Content-Range', size, received)
}
