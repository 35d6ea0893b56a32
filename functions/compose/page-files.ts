/**
 * Where the files of the page are: beside the bundle, or in `dist/` where the sources run.
 *
 * @module
 */

import { type PageFiles, readPageFiles } from '../page/files.ts'

/** What the bundler says; from here. */
declare const SLIPWAY_PAGE: string | undefined

/** Reads them. @returns undefined where the page was not built */
export const openPageFiles = (): Promise<PageFiles | undefined> => {
  const path = typeof SLIPWAY_PAGE === 'string' ? SLIPWAY_PAGE : '../../dist/page/'
  return readPageFiles(new URL(path, import.meta.url))
}
