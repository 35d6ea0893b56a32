/**
 * Failed file operations as failures of the port.
 *
 * @module
 */
import { StoreError } from '../errors.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const DENIED = new Set(['EACCES', 'EPERM'])
const BUSY = new Set(['EMFILE', 'ENFILE'])

/** The code of a failed system call, such as `ENOENT`; undefined for any other error. */
const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined

/** Whether an error is a failed system call with one of the given codes. */
export const hasErrno = (error: unknown, ...codes: string[]): boolean => {
  const code = errnoOf(error)
  return code !== undefined && codes.includes(code)
}

/** Whether an error says that there is no file at a path, or that one of its parents is a file. */
export const isAbsent = (error: unknown): boolean => hasErrno(error, 'ENOENT', 'ENOTDIR')

/**
 * The {@link StoreError} for a failed system call, or the error itself if it is not an expected
 * one.
 *
 * @param error what was caught
 * @param doing the operation and the key, for the message
 */
export const translate = (error: unknown, doing: string): unknown => {
  const code = errnoOf(error)
  if (code === undefined) return error
  if (FULL.has(code)) {
    return new StoreError('full', `${doing}: no space left on the disk (${code})`, { cause: error })
  }
  if (BUSY.has(code)) {
    return new StoreError('unavailable', `${doing}: too many open files (${code})`, {
      cause: error,
    })
  }
  if (code === 'EROFS') {
    return new StoreError('unavailable', `${doing}: the file system is read-only (EROFS)`, {
      cause: error,
    })
  }
  if (DENIED.has(code)) {
    const path = error instanceof Error && 'path' in error ? ` to ${error.path}` : ''
    return new StoreError('unavailable', `${doing}: no permission${path} (${code})`, {
      cause: error,
    })
  }
  return error
}
