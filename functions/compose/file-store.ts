/**
 * The file store as the registry uses it.
 *
 * @module
 */

import { resolve } from 'node:path'
import { DISTRIBUTION_PREFIX, UPLOADS_PREFIX } from '../registry/layout.ts'
import type { NewFiles } from '../storage/file/disk.ts'
import { createFileStore } from '../storage/file/store.ts'
import type { ObjectStore } from '../storage/store.ts'

export { divideStamps } from '../storage/file/disk.ts'

/**
 * Opens the store in a directory; nothing is read or written yet. What distribution has, too, lies
 * where distribution's own file driver looks for it.
 *
 * @param files how new files come to be; default: small ones by a thread of its own once there are many
 */
export const openFileStore = (directory: string, files?: NewFiles): ObjectStore =>
  createFileStore(
    {
      root: resolve(directory),
      verbatim: [DISTRIBUTION_PREFIX],
      staged: [UPLOADS_PREFIX],
    },
    files,
  )
