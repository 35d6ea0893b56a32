/**
 * Slipway from this checkout, as `npm start` runs it.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot, run } from '../../test/support/live/process.ts'
import { type Peer, startProgram } from './peer.ts'

/** The command that `npm start` runs, without the program: options of Node, the module, `serve`. */
const startArguments = (): readonly string[] => {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'))
  return scripts.start.split(' ').slice(1)
}

/** @param profiles directory for a CPU profile of each run, where one is wanted */
export const slipwayPeer = (profiles: string | undefined): Peer => ({
  name: 'slipway',
  title: 'Slipway',
  settings: 'its defaults',
  async version() {
    const commit = await run('git', ['describe', '--always', '--dirty'], { cwd: projectRoot })
    return `${commit.trim()}, Node ${process.version}`
  },
  start({ address, store, redirects }) {
    const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
    const storage =
      'directory' in store
        ? ['--store', `file:${store.directory}`]
        : [
            ...['--store', `s3://${store.bucket}`, '--s3-endpoint', store.endpoint],
            ...['--s3-region', store.region, '--redirects', redirects ? 'on' : 'off'],
          ]
    return startProgram({
      name: 'slipway',
      command: process.execPath,
      address,
      args: [...profiling, ...startArguments(), ...['--listen', address], ...storage],
      env:
        'directory' in store
          ? {}
          : { AWS_ACCESS_KEY_ID: store.accessKeyId, AWS_SECRET_ACCESS_KEY: store.secretAccessKey },
    })
  },
})
