/**
 * Starts real registries on loopback: Slipway, as `npm start` does, and Debian's `docker-registry`
 * (distribution 2.8), which reads and writes the same layout. The suites test Slipway; with
 * REGISTRY_UNDER_TEST=distribution they test the other one, for comparison.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npmStart } from './npm-start.ts'
import { freePort, type RunOptions, responds, run, scratch, startDaemon } from './process.ts'
import type { Bucket } from './s3.ts'

/** Where a registry stores everything. */
export type StoreLocation = { readonly directory: string } | Bucket

export interface LiveRegistry {
  /** `host:port`, plain HTTP. */
  readonly address: string
  /** What the registry has logged so far. */
  output(): string
  close(): Promise<void>
}

export type RegistryProgram = 'slipway' | 'distribution'

/** The program that the suites test. */
export const registryUnderTest: RegistryProgram =
  process.env.REGISTRY_UNDER_TEST === 'distribution' ? 'distribution' : 'slipway'

export interface RegistryOptions {
  /** Whether blobs are served by redirects to the store, if the store can presign. */
  readonly redirects?: boolean
  /** Where distribution sends notifications; ignored for Slipway. */
  readonly notifications?: string
  /** A file of who may log in to distribution; ignored for Slipway, which keeps accounts in its store. */
  readonly htpasswd?: string
  /** Whether distribution takes and makes manifests of schema 1; ignored for Slipway. */
  readonly schema1?: boolean
  /** Further flags of `slipway serve`; ignored for distribution. */
  readonly flags?: readonly string[]
  /** Further variables of `slipway serve`; ignored for distribution. */
  readonly env?: Readonly<Record<string, string>>
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

/** Runs one of Slipway's commands (`reindex`, …) on a store. @returns its standard output */
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
    env: { ...storeEnvironment(store), ...options.env },
    ready: () => responds(`http://${address}/v2/`),
  })
  return { address, output: daemon.output, close: daemon.stop }
}

/** The storage section of its configuration. */
export const distributionStorage = (store: StoreLocation): object =>
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

/** The section of its configuration that names an endpoint, which it tries once. */
const notifying = (url: string | undefined): object => {
  if (url === undefined) return {}
  const endpoint = { name: 'suite', url, timeout: '5s', threshold: 1, backoff: '1s' }
  return { notifications: { events: { includereferences: true }, endpoints: [endpoint] } }
}

const startDistribution = async (
  store: StoreLocation,
  options: RegistryOptions,
): Promise<LiveRegistry> => {
  const address = `127.0.0.1:${await freePort()}`
  const directory = scratch('distribution')
  const config = join(directory.path, 'config.json')
  // JSON is valid YAML. There is no cache, so that it sees what the other registry has just written.
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      storage: {
        ...distributionStorage(store),
        delete: { enabled: true },
        redirect: { disable: !options.redirects },
        // At start it would walk the bucket, and panic on folders that SeaweedFS still lists after
        // everything in them was deleted.
        maintenance: { uploadpurging: { enabled: false } },
      },
      http: { addr: address, secret: 'of-no-worth' },
      ...notifying(options.notifications),
      ...(options.schema1 ? { compatibility: { schema1: { enabled: true } } } : {}),
      ...(options.htpasswd === undefined
        ? {}
        : { auth: { htpasswd: { realm: 'suite', path: options.htpasswd } } }),
      // By default it rejects every manifest that contains a URL.
      validation: { manifests: { urls: { allow: ['^https?://'] } } },
    }),
  )
  const daemon = await startDaemon({
    name: 'distribution',
    command: 'docker-registry',
    args: ['serve', config],
    ready: () => responds(`http://${address}/v2/`),
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
