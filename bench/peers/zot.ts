/**
 * zot, from a binary that the user has downloaded or built.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../test/support/live/process.ts'
import { type Peer, type PeerOptions, startProgram } from './peer.ts'

/**
 * Without collection of garbage, which would walk the whole store while something else is measured; and with
 * an answer only when what was pushed is on the disk, as the others give it. By default it flushes nothing.
 */
const ALWAYS = { gc: false, commit: true }

const storageOf = ({ store, redirects, directory }: PeerOptions): object =>
  'directory' in store
    ? { rootDirectory: store.directory, ...ALWAYS }
    : {
        rootDirectory: directory,
        ...ALWAYS,
        // On S3 it starts with dedupe only beside DynamoDB or Redis.
        dedupe: false,
        redirectBlobURL: redirects,
        storageDriver: {
          name: 's3',
          rootdirectory: '/zot',
          region: store.region,
          bucket: store.bucket,
          regionendpoint: store.endpoint,
          forcepathstyle: true,
          secure: false,
          skipverify: false,
          accesskey: store.accessKeyId,
          secretkey: store.secretAccessKey,
        },
      }

/** The commit it says it is of, or what Go has noted of one that was built by hand. */
const versionOf = async (command: string): Promise<string> => {
  const said = await run('sh', ['-c', '"$0" --version 2>&1', command])
  const commit = said.match(/"commit":"([^"]+)"/)?.[1]
  if (commit !== undefined) return commit
  const built = await run('go', ['version', '-m', command]).catch(() => '')
  return built.match(/vcs\.revision=(\S{8})/)?.[1] ?? 'built by hand, of no version it knows of'
}

/** @param command path of the binary */
export const zotPeer = (command: string): Peer => ({
  name: 'zot',
  title: 'zot',
  settings:
    '`commit: true`, which flushes what was pushed before it is answered, as the others do; no garbage collection and no limit of a minute for a request; on S3 also without dedupe, which needs DynamoDB or Redis there, and with redirects, which are off by default; it has no cache of what HEAD asks for. Otherwise its defaults',
  version: () => versionOf(command),
  start(options) {
    const [host, port] = options.address.split(':')
    const config = join(options.directory, 'config.json')
    writeFileSync(
      config,
      JSON.stringify({
        distSpecVersion: '1.1.1',
        storage: storageOf(options),
        // By default it gives up requests that last longer than a minute.
        http: { address: host, port, readTimeout: '1h', writeTimeout: '1h' },
        log: { level: 'info' },
      }),
    )
    const { address } = options
    return startProgram({ name: 'zot', command, address, args: ['serve', config] })
  },
})
