/**
 * A Node that is too old for Slipway.
 *
 * @module
 */

import { join } from 'node:path'
import { run } from '../support/live/process.ts'
import { npm } from './packing.ts'

/** The first Node of the machine that is older than 24; if there is none, Node 20 from npm. */
export const oldNode = async (directory: string): Promise<string> => {
  const candidates = (process.env.PATH ?? '').split(':').map((folder) => join(folder, 'node'))
  for (const path of candidates) {
    const version = await run(path, ['--version']).catch(() => '')
    const [, major] = version.match(/^v(\d+)\./) ?? []
    if (Number(major) < 24) return path
  }
  await npm('npm', ['install', '--no-audit', '--no-fund', '--prefix', directory, 'node@20'], '.')
  return join(directory, 'node_modules/node/bin/node')
}
