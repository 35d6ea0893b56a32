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

/** The world outside a command, and repositories. */
export interface CopiesIo extends Io {
  /** @param http of the copies, where they are of a registry */
  readonly openRepositories: (http: Http) => Promise<Repositories>
}
