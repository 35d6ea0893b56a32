/**
 * Where the parts of `dist/` are, and those that are copied as they are.
 *
 * @module
 */

import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** The checkout. */
export const ROOT = join(import.meta.dirname, '..')

const DIST = join(ROOT, 'dist')

/** The command line in one file, which the launcher loads. */
export const COMMAND = join(DIST, 'command.mjs')

/** Directory of the credential helper, whose launcher is beside it. */
export const HELPER = join(DIST, 'credential-helper')

/** Directory of the Lambda function's bundle. */
export const API = join(DIST, 'api')

/** Directory of what is deployed beside that bundle where requests are followed. */
export const TRACES = join(DIST, 'traces')

/** Directory of the Web Function's bundle. */
export const WEB = join(DIST, 'web')

/** Directory of the page, where the command looks for it. */
export const PAGE = join(DIST, 'page')

/** Directory of the construct: `index.js`, and its types in `lib/`. */
export const CDK = join(DIST, 'cdk')

/** Copies a launcher, such as `dist/slipway.mjs`, and the check of Node's version that it begins with. */
export const copyLauncher = (launcher: string): void => {
  mkdirSync(DIST, { recursive: true })
  for (const name of [launcher, 'node-version.mjs']) {
    cpSync(join(import.meta.dirname, name), join(DIST, name))
  }
}
