/**
 * The store on local disk: the embedded default, in distribution's own filesystem layout. The real
 * `docker-registry` with its `rootdirectory` here serves what this store holds, and the reverse.
 *
 * The root is one file system that knows hard links, distinguishes upper and lower case, and has no
 * symbolic links in it. Any number of processes may use it. What a killed process leaves is under
 * `.slipway` and no key.
 *
 * @module
 */
import { resolve } from 'node:path'
import type { ObjectStore } from '../store.ts'
import { completeMultipart } from './complete.ts'
import { translate } from './errors.ts'
import { list } from './list.ts'
import { copyPart, listParts, uploadPart } from './parts.ts'
import { get, head } from './read.ts'
import { remove } from './remove.ts'
import { abortMultipart, createMultipart, listMultiparts } from './uploads.ts'
import { copy, put } from './write.ts'

export interface FileStoreOptions {
  /** Directory of the store, made when first written to. */
  readonly root: string
}

/**
 * Opens the store at a directory. It costs nothing: no directory is made and nothing is swept.
 *
 * Keys are narrower than the port has them: methods throw RangeError for a key with a segment that
 * is empty, `.`, `..`, `$` or longer than 255 bytes, or that lies under `.slipway`.
 */
export const createFileStore = (options: FileStoreOptions): ObjectStore => {
  const root = resolve(options.root)

  /** Binds an operation to the root and puts its failures in the words of the port. */
  const bound =
    <A extends readonly unknown[], R>(
      name: string,
      operation: (root: string, ...args: A) => Promise<R>,
    ) =>
    async (...args: A): Promise<R> => {
      try {
        return await operation(root, ...args)
      } catch (error) {
        const [subject] = args
        const key = typeof subject === 'string' ? subject : ''
        throw translate(error, `${name} ${key}`.trimEnd())
      }
    }

  return {
    get: bound('get', get),
    head: bound('head', head),
    put: bound('put', put),
    copy: bound('copy', copy),
    delete: bound('delete', remove),
    list: bound('list', list),
    createMultipart: bound('create multipart upload of', createMultipart),
    uploadPart: bound('upload part', uploadPart),
    copyPart: bound('copy part', copyPart),
    listParts: bound('list parts', listParts),
    completeMultipart: bound('complete multipart upload', completeMultipart),
    abortMultipart: bound('abort multipart upload', abortMultipart),
    listMultiparts: bound('list multipart uploads of', listMultiparts),
  }
}
