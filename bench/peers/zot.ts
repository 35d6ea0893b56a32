/**
 * zot, from a binary that the user has downloaded.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../test/support/live/process.ts'
import { type Peer, type PeerOptions, startProgram } from './peer.ts'

// It would walk the whole store while something else is measured.
const NO_GC = { gc: false }

const storageOf = ({ store, redirects, directory }: PeerOptions): object =>
  'directory' in store
    ? { rootDirectory: store.directory, ...NO_GC }
    : {
        rootDirectory: directory,
        ...NO_GC,
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

/** @param command path of the binary */
export const zotPeer = (command: string): Peer => ({
  name: 'zot',
  title: 'zot',
  settings:
    'its defaults without garbage collection and the limit of a minute for a request; on S3 also without dedupe, which needs DynamoDB or Redis there, and with redirects, which are off by default',
  async version() {
    const said = await run('sh', ['-c', '"$0" --version 2>&1', command])
    return said.match(/"commit":"([^"]+)"/)?.[1] ?? 'unknown'
  },
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
