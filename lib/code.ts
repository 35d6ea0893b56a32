/**
 * The code of a function with what is deployed beside it.
 *
 * @module
 */

import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'

/** Directories with the bundles, which are copied. */
export interface RegistryCode {
  /** Of the function behind the API: `api.mjs` exports `handler`. */
  readonly api: string
  /** Of the Web Function: `index.js` is a server. Not read where there is none. */
  readonly web: string
}

/** What the settings of a function say of the files beside it. */
type FileSettings = Readonly<Record<string, string>>

/**
 * Copies a bundle, puts the access document beside it, and removes the copy afterwards: an asset is a
 * copy of its own.
 *
 * @param policy path of the access document, if one is deployed
 * @param use gets the directory, and the setting that names the document
 */
export const withDocuments = <T>(
  bundle: string,
  policy: string | undefined,
  use: (directory: string, settings: FileSettings) => T,
): T => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-'))
  try {
    cpSync(bundle, directory, { recursive: true })
    if (policy === undefined) return use(directory, {})
    const name = `policy${extname(policy)}`
    cpSync(policy, join(directory, name))
    return use(directory, { SLIPWAY_POLICY: name })
  } finally {
    rmSync(directory, { recursive: true })
  }
}
