/**
 * distribution: version 3 from its Go module, and 2.8 as Debian ships it.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, toolCache } from '../../test/support/live/process.ts'
import { type Peer, type PeerOptions, startProgram } from './peer.ts'

const storageOf = ({ store }: PeerOptions): object =>
  'directory' in store
    ? { filesystem: { rootdirectory: store.directory } }
    : {
        s3: {
          bucket: store.bucket,
          region: store.region,
          regionendpoint: store.endpoint,
          forcepathstyle: true,
          secure: false,
          accesskey: store.accessKeyId,
          secretkey: store.secretAccessKey,
        },
      }

/** The configuration that its image ships, with deletes and this store. JSON is YAML. */
const configOf = (options: PeerOptions): string =>
  JSON.stringify({
    version: '0.1',
    log: { fields: { service: 'registry' } },
    storage: {
      cache: { blobdescriptor: 'inmemory' },
      ...storageOf(options),
      delete: { enabled: true },
      redirect: { disable: !options.redirects },
      // It would walk the whole store while something else is measured.
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr: options.address, secret: 'of-no-worth' },
    ...(options.upstream === undefined ? {} : { proxy: { remoteurl: options.upstream } }),
  })

const peer = (name: 'distribution' | 'distribution-2', title: string, command: string): Peer => ({
  name,
  title,
  settings:
    'the configuration of its image (descriptors cached in memory); no purge of old uploads, no traces',
  // `registry github.com/distribution/distribution/v3 v3.1.2+unknown`
  version: async () => (await run(command, ['--version'])).trim().split(' ').at(-1) ?? '',
  start(options) {
    const { address, directory } = options
    const config = join(directory, 'config.json')
    writeFileSync(config, configOf(options))
    const env = { OTEL_TRACES_EXPORTER: 'none' }
    return startProgram({ name, command, address, args: ['serve', config], env })
  },
})

/** distribution 3, as `.ci/install` builds it. */
export const distribution3: Peer = peer(
  'distribution',
  'distribution 3',
  join(toolCache, 'distribution/registry'),
)

/** Debian's docker-registry. */
export const distribution2: Peer = peer('distribution-2', 'distribution 2.8', 'docker-registry')
