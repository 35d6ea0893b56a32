/**
 * Real registries on loopback: Slipway, started as its command is, and Debian's `docker-registry`
 * (distribution 2.8), which reads and writes the same layout. The suites run against Slipway;
 * REGISTRY_UNDER_TEST=distribution turns them on the other, to see what they say of it.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npmStart } from './npm-start.ts'
import { answers, freePort, type RunOptions, run, scratch, startDaemon } from './process.ts'
import type { Bucket } from './s3.ts'

/** Where a registry keeps its state. */
export type StoreLocation = { readonly directory: string } | Bucket

export interface LiveRegistry {
  /** `host:port`, plain HTTP. */
  readonly address: string
  /** What the registry logged so far. */
  output(): string
  close(): Promise<void>
}

export type RegistryProgram = 'slipway' | 'distribution'

/** The program that the suites are about. */
export const registryUnderTest: RegistryProgram =
  process.env.REGISTRY_UNDER_TEST === 'distribution' ? 'distribution' : 'slipway'

export interface RegistryOptions {
  /** Whether blobs are served by a redirect to the store, where it can presign. */
  readonly redirects?: boolean
  /** More flags of `slipway serve`; distribution has none of them. */
  readonly flags?: readonly string[]
}

const storeArguments = (store: StoreLocation): string[] =>
  'directory' in store
    ? ['--store', `file:${store.directory}`]
    : [
        ...['--store', `s3://${store.bucket}`, '--s3-endpoint', store.endpoint],
        ...['--s3-region', store.region, '--s3-path-style', 'on'],
      ]

const storeEnvironment = (store: StoreLocation): Record<string, string> =>
  'directory' in store
    ? {}
    : { AWS_ACCESS_KEY_ID: store.accessKeyId, AWS_SECRET_ACCESS_KEY: store.secretAccessKey }

/** Runs one of Slipway's commands (`reindex`, ...) on a store, and gives what it printed. */
export const slipway = (
  command: string,
  store: StoreLocation,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<string> =>
  run(process.execPath, ['functions/handlers/cli.ts', command, ...storeArguments(store), ...args], {
    cwd: join(import.meta.dirname, '../../..'),
    env: storeEnvironment(store),
    ...options,
  })

const startSlipway = async (
  store: StoreLocation,
  options: RegistryOptions,
): Promise<LiveRegistry> => {
  const address = `127.0.0.1:${await freePort()}`
  const redirects = options.redirects ? 'on' : 'off'
  const daemon = await startDaemon({
    name: 'slipway',
    command: process.execPath,
    args: [
      ...[...(await npmStart()), '--listen', address, ...storeArguments(store)],
      ...('directory' in store ? [] : ['--redirects', redirects]),
      ...['--log-level', 'info', ...(options.flags ?? [])],
    ],
    env: storeEnvironment(store),
    ready: () => answers(`http://${address}/v2/`),
  })
  return { address, output: daemon.output, close: daemon.stop }
}

const distributionStorage = (store: StoreLocation): object =>
  'directory' in store
    ? { filesystem: { rootdirectory: store.directory } }
    : {
        s3: {
          bucket: store.bucket,
          region: store.region,
          regionendpoint: store.endpoint,
          secure: false,
          accesskey: store.accessKeyId,
          secretkey: store.secretAccessKey,
        },
      }

const startDistribution = async (
  store: StoreLocation,
  options: RegistryOptions,
): Promise<LiveRegistry> => {
  const address = `127.0.0.1:${await freePort()}`
  const directory = scratch('distribution')
  const config = join(directory.path, 'config.json')
  // JSON is YAML. Without a cache it reads what the other registry wrote a moment ago.
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      storage: {
        ...distributionStorage(store),
        delete: { enabled: true },
        redirect: { disable: !options.redirects },
        // Its purge walks the bucket at the start, and panics on folders that SeaweedFS still lists
        // after all in them was deleted.
        maintenance: { uploadpurging: { enabled: false } },
      },
      http: { addr: address, secret: 'of-no-worth' },
      // By default every manifest that names a URL is refused.
      validation: { manifests: { urls: { allow: ['^https?://'] } } },
    }),
  )
  const daemon = await startDaemon({
    name: 'distribution',
    command: 'docker-registry',
    args: ['serve', config],
    ready: () => answers(`http://${address}/v2/`),
  })
  const close = async () => {
    await daemon.stop()
    directory.remove()
  }
  return { address, output: daemon.output, close }
}

/** Starts a registry on a store. */
export const startRegistry = (
  program: RegistryProgram,
  store: StoreLocation,
  options: RegistryOptions = {},
): Promise<LiveRegistry> =>
  program === 'slipway' ? startSlipway(store, options) : startDistribution(store, options)
