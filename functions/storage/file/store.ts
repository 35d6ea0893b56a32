/**
 * The store on local disk: the embedded default.
 *
 * The root must be one file system that supports hard links and distinguishes upper and lower case,
 * without symbolic links in it. Any number of processes may use it. What a killed process leaves is
 * under `.slipway`, is not a key, and goes with a sweep.
 *
 * @module
 */
import { noteFailure } from '../errors.ts'
import type { LastCalls, ObjectStore } from '../store.ts'
import { completeMultipart } from './complete.ts'
import type { NewFiles } from './disk.ts'
import { list } from './list.ts'
import { listParts } from './parts.ts'
import type { Tree } from './paths.ts'
import { head } from './read.ts'
import { remove, removeIf, removeVersion } from './remove.ts'
import { createSmallReads } from './small-reads.ts'
import { leftovers, sweep } from './sweep.ts'
import { translate } from './system-errors.ts'
import { newFilesByThread } from './thread/thread.ts'
import { uploadPart } from './upload-part.ts'
import { abortMultipart, createMultipart, listMultiparts } from './uploads.ts'
import { copy, putWith } from './write.ts'

/**
 * Opens the store at a directory, which is made when something is first written. Nothing is read
 * and nothing is swept.
 *
 * Fewer keys are allowed than in the port: methods throw RangeError for a key with a segment that
 * is empty, `.`, `..`, `$` or longer than 255 bytes, or that lies under `.slipway`.
 *
 * @param files how new files come to be
 */
export const createFileStore = (tree: Tree, files: NewFiles = newFilesByThread()): ObjectStore => {
  const lastCalls: LastCalls = { unavailable: 0, failedAt: 0, resent: 0 }
  /** Binds an operation to the tree and translates its failures to those of the port. */
  const bound =
    <A extends readonly unknown[], R>(
      name: string,
      operation: (tree: Tree, ...args: A) => Promise<R>,
    ) =>
    async (...args: A): Promise<R> => {
      try {
        const result = await operation(tree, ...args)
        lastCalls.unavailable = 0
        return result
      } catch (error) {
        const [subject] = args
        const key = typeof subject === 'string' ? subject : ''
        const failure = translate(error, `${name} ${key}`.trimEnd())
        noteFailure(lastCalls, failure)
        throw failure
      }
    }

  return {
    lastCalls,
    get: bound('get', createSmallReads()),
    head: bound('head', head),
    put: bound('put', putWith(files)),
    copy: bound('copy', copy),
    delete: bound('delete', remove),
    deleteIf: bound('delete a version of', removeIf),
    deletesExactly: async () => true,
    deleteVersion: bound('delete a version of', removeVersion),
    deleteOnce: bound('delete', (each, key: string) => remove(each, [key])),
    list: bound('list', list),
    createMultipart: bound('create multipart upload of', createMultipart),
    uploadPart: bound('upload part', uploadPart),
    listParts: bound('list parts', listParts),
    completeMultipart: bound('complete multipart upload', completeMultipart),
    abortMultipart: bound('abort multipart upload', abortMultipart),
    leftovers: bound('list leftovers', leftovers),
    listMultiparts: bound('list multipart uploads of', listMultiparts),
    sweep: bound('sweep', sweep),
  }
}
