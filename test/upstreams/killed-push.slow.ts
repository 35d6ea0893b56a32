/**
 * A server that pushes on: killed at any moment, it leaves nothing wrong, and the client pushes again; large blobs take
 * little memory, however slow the upstream is.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { tagLinkKey } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { until } from '../support/until.ts'
import { findingsIn, openKillable } from './killable.ts'
import { CONFIG, serve, sha256 } from './upstream.ts'

const PIECE = Buffer.alloc(1_000_000, 'slipway')
const described = (mediaType: string, digest: string, size: number) => ({ mediaType, digest, size })

/** A layer of so many megabytes, and its image. */
const imageOf = (megabytes: number) => {
  const hash = createHash('sha256')
  for (let at = 0; at < megabytes; at++) hash.update(PIECE)
  const digest = `sha256:${hash.digest('hex')}`
  const layer = described('application/vnd.oci.image.layer.v1.tar', digest, megabytes * 1_000_000)
  const config = 'application/vnd.oci.image.config.v1+json'
  const manifest = Buffer.from(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: OCI_MANIFEST },
      config: described(config, sha256(CONFIG), CONFIG.length),
      layers: [layer],
    }),
  )
  const bytes = () => Readable.from(Array.from({ length: megabytes }, () => PIECE))
  return { digest, manifest, bytes }
}

type Stage = 'in the middle of a blob' | 'before the manifest' | 'after the manifest'

/** An upstream that counts bytes, and tells when a stage is reached, at which it waits. */
const openUpstream = async (slow = 0) => {
  const has = new Set<string>()
  const state: { waitAt: Stage | undefined; reached: PromiseWithResolvers<void> } = {
    waitAt: undefined,
    reached: Promise.withResolvers(),
  }
  const reach = async (stage: Stage): Promise<void> => {
    if (state.waitAt !== stage) return
    state.reached.resolve()
    await new Promise(() => {})
  }
  const receive = async (request: IncomingMessage): Promise<string> => {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
      if (bytes > 5_000_000) await reach('in the middle of a blob')
      if (slow > 0 && bytes % 4 === 0) await sleep(slow)
    }
    return `sha256:${hash.digest('hex')}`
  }
  const served = await serve(async (request, response) => {
    const { method, url = '' } = request
    const reference = url.split('/').at(-1) ?? ''
    const end = (status: number, headers = {}) => void response.writeHead(status, headers).end()
    if (method === 'POST') return end(202, { location: '/v2/app/blobs/uploads/1' })
    if (method !== 'PUT') return end(has.has(reference) || url === '/v2/' ? 200 : 404)
    const isManifest = url.includes('/manifests/')
    if (isManifest) await reach('before the manifest')
    try {
      has.add(await receive(request))
    } catch {
      return
    }
    if (isManifest) has.add(reference)
    if (isManifest) await reach('after the manifest')
    end(201)
  })
  return { ...served, has, state }
}

const open = async (origin: string) => {
  const { store, start: startServer } = await openKillable(origin, { writable: true })
  const start = async () => {
    const server = await startServer()
    const { repository } = server
    const upload = async (digest: string, body: Readable | Buffer): Promise<number> => {
      const target = `${repository}/blobs/uploads/?digest=${digest}`
      const sent = { method: 'POST', body: body as never, duplex: 'half' } as RequestInit
      return (await fetch(target, sent)).status
    }
    const put = (manifest: Buffer) =>
      fetch(`${repository}/manifests/v1`, {
        method: 'PUT',
        body: Buffer.from(manifest),
        headers: { 'content-type': OCI_MANIFEST },
      })
    return { ...server, upload, put }
  }
  const isTagged = async () => (await store.head(tagLinkKey('up/app', 'v1'))) !== undefined
  return { store, start, isTagged }
}

test.each<Stage>(['in the middle of a blob', 'before the manifest', 'after the manifest'])(
  'killed %s: nothing is tagged here, and the same push succeeds then',
  async (stage) => {
    const upstream = await openUpstream()
    const { store, start, isTagged } = await open(upstream.origin)
    const image = imageOf(20)
    const push = async (server: Awaited<ReturnType<typeof start>>): Promise<number> => {
      expect(await server.upload(sha256(CONFIG), CONFIG)).toBe(201)
      expect(await server.upload(image.digest, image.bytes())).toBe(201)
      return (await server.put(image.manifest)).status
    }
    const first = await start()
    upstream.state.waitAt = stage
    const pushing = push(first).catch(() => 'broken')
    await upstream.state.reached.promise
    await first.stop()
    expect(await pushing).toBe('broken')
    expect(await isTagged()).toBe(false)

    upstream.state.waitAt = undefined
    const second = await start()
    expect(await push(second)).toBe(201)
    expect(await isTagged()).toBe(true)
    for (const digest of [image.digest, sha256(image.manifest), sha256(CONFIG), 'v1']) {
      expect(upstream.has).toContain(digest)
    }
    await second.stop()
    expect(await findingsIn(store)).toEqual([])
  },
)

test('many large blobs take little memory, however slow the upstream is', async () => {
  const upstream = await openUpstream(1)
  const { start } = await open(upstream.origin)
  const server = await start()
  const peak = (): number =>
    Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024
  const images = [100, 101, 102, 103].map(imageOf)
  const before = peak()
  for (const { digest, bytes } of images) expect(await server.upload(digest, bytes())).toBe(201)
  await server.upload(sha256(CONFIG), CONFIG)
  const statuses = await Promise.all(
    images.map(async ({ manifest }) => (await server.put(manifest)).status),
  )
  expect(statuses).toEqual([201, 201, 201, 201])
  await until(() => images.every(({ digest }) => upstream.has.has(digest)))
  // 406 MB came in, for which there are 96 MiB, and went out.
  expect(peak() - before).toBeLessThan(200)
})
