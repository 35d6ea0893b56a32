/**
 * Repositories of a registry, as export and import work with them: by the distribution API, which any registry has.
 *
 * @module
 */

import { openRemote } from '../ways/copies-at-registry.ts'
import type { CopiesIo } from '../ways/copies-io.ts'
import type { RegistryIo } from './registry-io.ts'

/** Repositories of a registry. */
export const fromAfar = (io: RegistryIo): CopiesIo => ({
  ...io,
  openRepositories: (http) => openRemote(io, http, io.registry.origin),
})
