/**
 * Where workloads run: every registry on a store of its own, all of one kind and at once, so that the
 * rounds can go from one to the other.
 *
 * @module
 */

import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { UPLOADS_PREFIX } from '../functions/registry/layout.ts'
import { freePort, scratch } from '../test/support/live/process.ts'
import { type RecordingProxy, startProxy } from '../test/support/live/proxy.ts'
import type { StoreLocation } from '../test/support/live/registry.ts'
import { type Bucket, type LiveS3, startLiveS3 } from '../test/support/live/s3.ts'
import { type Client, createClient } from './client/wire.ts'
import type { Peer } from './peers/peer.ts'

/** How registries are set up. */
export interface Setting {
  readonly store: 's3' | 'file'
  /** Whether blobs are served by a redirect to S3. */
  readonly redirects: boolean
  /** A proxy between registry and S3, that counts; and delays each call by milliseconds. */
  readonly proxy?: { readonly delay: number }
}

/** A registry on the stage. */
export interface Actor {
  readonly peer: Peer
  /** `host:port`, plain HTTP. */
  readonly address: string
  /** Process id of the server; another after each restart. */
  pid(): number
  /** Ends the server and starts it again over the same store, with nothing in its memory. */
  restart(): Promise<void>
  readonly client: Client
  /** What passes between it and S3, where the setting has a proxy. */
  readonly proxy: RecordingProxy | undefined
}

/** All registries, ready. */
export interface Stage {
  readonly setting: Setting
  readonly actors: readonly Actor[]
  /** Deletes the bytes of large blobs from all stores, which would fill the disk. */
  sweep(): void
  close(): Promise<void>
}

/** Bytes of a file from which on it is swept away. */
const LARGE = 1024 * 1024

/** Deletes large files below a directory: what the S3 server and the registries keep blobs in. */
const sweepFiles = (directory: string): void => {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const size = entry.isFile() ? (statSync(path, { throwIfNoEntry: false })?.size ?? 0) : 0
    if (size >= LARGE) rmSync(path, { force: true })
  }
}

/**
 * Makes a folder of the bucket an object, which keeps versitygw from removing it with the last object
 * below. Where one upload removes the folder while the next one makes its own in it, versitygw answers
 * 409 ExistingObjectIsDirectory, as no S3 does that has no folders.
 */
const keepFolder = async (bucket: Bucket, folder: string): Promise<void> => {
  const { endpoint, region, accessKeyId, secretAccessKey } = bucket
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new PutObjectCommand({ Bucket: bucket.bucket, Key: folder, Body: '' }))
  client.destroy()
}

/** Sets the stage. @throws Error when one of the programs does not start */
export const openStage = async (setting: Setting, peers: readonly Peer[]): Promise<Stage> => {
  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  const root = scratch('bench')
  closers.push(root.remove)

  const openStore = async (name: string, s3: LiveS3 | undefined) => {
    if (s3 === undefined) {
      const directory = join(root.path, name, 'store')
      mkdirSync(directory, { recursive: true })
      return { store: { directory } satisfies StoreLocation, proxy: undefined }
    }
    const bucket = await s3.createBucket(name)
    if (name === 'slipway') await keepFolder(bucket, UPLOADS_PREFIX)
    if (setting.proxy === undefined) return { store: bucket, proxy: undefined }
    const proxy = await startProxy(new URL(s3.endpoint).host, setting.proxy)
    closers.push(proxy.close)
    return { store: { ...bucket, endpoint: `http://${proxy.address}` }, proxy }
  }

  const open = async (peer: Peer, s3: LiveS3 | undefined): Promise<Actor> => {
    const { store, proxy } = await openStore(peer.name, s3)
    const directory = join(root.path, peer.name, 'own')
    mkdirSync(directory, { recursive: true })
    const address = `127.0.0.1:${await freePort()}`
    const start = () => peer.start({ address, store, redirects: setting.redirects, directory })
    let daemon = await start()
    closers.push(() => daemon.stop())
    const client = createClient(`http://${address}`)
    closers.push(client.close)
    const restart = async () => {
      await daemon.stop()
      daemon = await start()
    }
    return { peer, address, pid: () => daemon.pid, restart, client, proxy }
  }

  try {
    const s3 = setting.store === 's3' ? await startLiveS3('versitygw') : undefined
    if (s3 !== undefined) closers.push(s3.close)
    const sweep = () => sweepFiles(s3?.root ?? root.path)
    const actors: Actor[] = []
    for (const peer of peers) actors.push(await open(peer, s3))
    return { setting, actors, sweep, close }
  } catch (error) {
    await close()
    throw error
  }
}
