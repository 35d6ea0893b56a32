/**
 * What `slipway export` and `slipway import` work with.
 *
 * @module
 */

import type { Destination, Origin } from '../../transfer/copy/ports.ts'
import type { Http } from '../../transfer/registry/http.ts'
import type { Io } from '../io.ts'

/** Repositories that images are copied from and to. */
export interface Repositories {
  origin(name: string): Origin
  destination(name: string): Destination
}

/** All repositories of a registry or a store. */
export interface AllRepositories extends Repositories {
  /** @param mountFrom another repository there that may have the blobs */
  destination(name: string, mountFrom?: string): Destination
  /** The names of all. @throws TransferError where they are not listed */
  names(): Promise<readonly string[]>
  /** What is said of a tag, without its manifest; undefined where there is none. */
  look(name: string, tag: string): Promise<{ readonly digest: string | undefined } | undefined>
  /** Deletes a tag that is not immutable; what it named stays. @throws TransferError */
  removeTag(name: string, tag: string): Promise<void>
}

/** The world outside a command, and repositories. */
export interface CopiesIo extends Io {
  /** @param http of the copies, where they are of a registry */
  readonly openRepositories: (http: Http) => Promise<Repositories>
}
