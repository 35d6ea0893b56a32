/**
 * Commands on images.
 *
 * @module
 */

import { eitherCommand } from '../either.ts'
import type { ImagesIo } from './images-io.ts'

/** Makes entries of the table for commands on images. */
export const imagesCommand = eitherCommand<ImagesIo>({
  store: async (io, settings) => (await import('./images-in-store.ts')).inStore(io, settings),
  registry: async (io) => (await import('../remote/images.ts')).fromAfar(io),
})
