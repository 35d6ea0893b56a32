/**
 * The three set-ups in which the suites test a registry, each with an empty store.
 *
 * @module
 */

import { scratch } from './process.ts'
import { type RecordingProxy, startProxy } from './proxy.ts'
import {
  type LiveRegistry,
  registryUnderTest,
  type StoreLocation,
  startRegistry,
} from './registry.ts'
import { startLiveS3 } from './s3.ts'

/** On a directory; on S3, redirecting to presigned URLs; on S3, serving blobs itself. */
export type SetupName = 'file' | 's3-redirect' | 's3-direct'

export const setupNames: readonly SetupName[] = ['file', 's3-redirect', 's3-direct']

export interface Setup {
  readonly name: SetupName
  readonly store: StoreLocation
  readonly registry: LiveRegistry
  /** The proxy in front of the registry, which clients talk to. */
  readonly front: RecordingProxy
  /** The proxy that serves blobs: `front`, or the one in front of S3 where clients are redirected. */
  readonly blobs: RecordingProxy
  /** `host:port` that clients use. */
  readonly address: string
  close(): Promise<void>
}

/** Starts a set-up. Everything that clients send and receive passes through its proxies. */
export const startSetup = async (name: SetupName): Promise<Setup> => {
  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  const opened = <T extends { close(): Promise<void> }>(thing: T): T => {
    closers.push(thing.close)
    return thing
  }
  const redirects = name === 's3-redirect'
  try {
    let store: StoreLocation
    let storage: RecordingProxy | undefined
    if (name === 'file') {
      const directory = scratch('store')
      closers.push(directory.remove)
      store = { directory: directory.path }
    } else {
      const s3 = opened(await startLiveS3('versitygw'))
      storage = redirects ? opened(await startProxy(new URL(s3.endpoint).host)) : undefined
      // Signatures cover the host, so presigned URLs are valid for the proxy only.
      store = storage ? { ...s3, endpoint: `http://${storage.address}` } : s3
    }
    const registry = opened(await startRegistry(registryUnderTest, store, { redirects }))
    const front = opened(await startProxy(registry.address))
    const blobs = storage ?? front
    return { name, store, registry, front, blobs, address: front.address, close }
  } catch (error) {
    await close()
    throw error
  }
}
