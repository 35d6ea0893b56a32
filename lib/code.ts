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
  /** What is copied into that of the function behind the API where requests are followed; `api-traced.mjs` is called then. */
  readonly traces: string
  /** Of the Web Function: `index.js` is a server. Not read where there is none. */
  readonly web: string
  /** Of the page for browsers. Not read where there is none. */
  readonly page: string
}

/** Files that are deployed with the code, by their paths. */
export interface Documents {
  /** A directory whose files are deployed as they are. */
  readonly more?: string | undefined
  /** The directory of the page. */
  readonly page?: string | undefined
  /** The access document. */
  readonly policy?: string | undefined
  /** The document of mirrors. */
  readonly mirror?: string | undefined
  /** See `RegistryEdge.awsNetworks`. */
  readonly awsNetworks?: string | undefined
}

/** What the settings of a function say of the files beside it. */
type FileSettings = Readonly<Record<string, string>>

/**
 * Copies a bundle, puts documents beside it, and removes the copy afterwards: an asset is a copy of its own.
 *
 * @param use gets the directory, and the settings that name the documents
 */
export const withDocuments = <T>(
  bundle: string,
  { more, page, policy, mirror, awsNetworks }: Documents,
  use: (directory: string, settings: FileSettings) => T,
): T => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-'))
  try {
    cpSync(bundle, directory, { recursive: true })
    if (more !== undefined) cpSync(more, directory, { recursive: true })
    const settings: Record<string, string> = {}
    if (page !== undefined) {
      settings.SLIPWAY_PAGE = 'on'
      cpSync(page, join(directory, 'page'), { recursive: true })
    }
    if (policy !== undefined) {
      settings.SLIPWAY_POLICY = `policy${extname(policy)}`
      cpSync(policy, join(directory, settings.SLIPWAY_POLICY))
    }
    if (mirror !== undefined) cpSync(mirror, join(directory, 'mirror.yaml'))
    if (awsNetworks !== undefined) {
      settings.SLIPWAY_AWS_NETWORKS = 'ip-ranges.json'
      cpSync(awsNetworks, join(directory, settings.SLIPWAY_AWS_NETWORKS))
    }
    return use(directory, settings)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
