/**
 * Slipway from this checkout, as `npm start` runs it.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npmStart } from '../../test/support/live/npm-start.ts'
import { projectRoot, run } from '../../test/support/live/process.ts'
import { type StoreLocation, slipway } from '../../test/support/live/registry.ts'
import { type Peer, startProgram } from './peer.ts'

/** Has the registry on a store get what is below `bench/` from another one. */
const mirror = async (store: StoreLocation, directory: string, url: string): Promise<void> => {
  const file = join(directory, 'upstreams')
  const entry = { name: 'bench', host: 'up.example', prefix: 'bench', url, private: ['127.0.0.1'] }
  writeFileSync(file, JSON.stringify({ version: 1, upstreams: [entry] }))
  await slipway('upstreams', store, ['set', file])
}

/**
 * @param profiles directory for a CPU profile of each run, where one is wanted
 * @param workers as `--workers` has it; default: one
 */
export const slipwayPeer = (profiles: string | undefined, workers = '1'): Peer => ({
  name: 'slipway',
  title: 'Slipway',
  settings: workers === '1' ? 'its defaults' : `--workers ${workers}`,
  async version() {
    const commit = await run('git', ['describe', '--always', '--dirty'], { cwd: projectRoot })
    return `${commit.trim()}, Node ${process.version}`
  },
  async start({ address, store, redirects, directory, upstream }) {
    if (upstream !== undefined) await mirror(store, directory, upstream)
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
      args: [
        ...profiling,
        ...(await npmStart()),
        ...['--listen', address, '--workers', workers],
        ...storage,
      ],
      env:
        'directory' in store
          ? {}
          : { AWS_ACCESS_KEY_ID: store.accessKeyId, AWS_SECRET_ACCESS_KEY: store.secretAccessKey },
    })
  },
})
