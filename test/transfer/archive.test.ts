/** Archives of images: layers can be sent while others are still to come. */

import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Header } from 'tar'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Blob } from '../../functions/transfer/blobs/blob.ts'
import { openSource } from '../../functions/transfer/sources/open.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { until } from '../support/until.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** An entry of a tar archive, with its padding. */
const entry = (path: string, bytes: Buffer, linkpath?: string): Buffer => {
  const header = new Header({
    path,
    mode: 0o644,
    size: bytes.length,
    type: linkpath === undefined ? 'File' : 'SymbolicLink',
    linkpath: linkpath ?? '',
  })
  const block = Buffer.alloc(512)
  header.encode(block, 0)
  return Buffer.concat([block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
}
const END = Buffer.alloc(1024)
const json = (value: unknown) => Buffer.from(JSON.stringify(value))

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let count = 0
beforeAll(async () => {
  temporary = await temporaryDirectory()
})
afterAll(() => temporary.remove())

const open = () => {
  const stdin = new PassThrough()
  const directory = join(temporary.path, `${count++}`)
  mkdirSync(directory)
  const found: Blob[] = []
  const stop = new AbortController()
  const opened = openSource('-', {
    env: {},
    stdin,
    directory,
    signal: stop.signal,
    found: (blob) => found.push(blob),
  })
  opened.catch(() => {})
  return { stdin, opened, found, stop, directory }
}

const LAYERS = [Buffer.alloc(3_000_000, 'layer'), Buffer.alloc(20_000, 'second')] as const
const CONFIG = json({ rootfs: {} })

const bytesOf = async (blob: Blob): Promise<Buffer> => buffer(blob.stream(0, blob.size))

describe('an archive of docker save', () => {
  test.each([
    ['layer.tar', (at: number) => `layer-${at}/layer.tar`],
    ['the digest', (at: number) => `${sha256(LAYERS[at]!)}.tar`],
  ])('whose layers are called %s', async (_, nameOf) => {
    const { stdin, opened, found, directory } = open()
    stdin.write(entry('VERSION', Buffer.alloc(0)))
    stdin.write(entry(nameOf(0), LAYERS[0]))
    // The next entry ends the one before; what follows is not there yet.
    stdin.write(entry('link/layer.tar', Buffer.alloc(0), `../${nameOf(0)}`))
    await until(() => found.length === 1)
    expect(gunzipSync(await bytesOf(found[0]!)).equals(LAYERS[0])).toBe(true)
    stdin.write(entry(nameOf(1), LAYERS[1]))
    stdin.write(entry('config.json', CONFIG))
    const Layers = [nameOf(0), 'link/layer.tar', nameOf(1)]
    stdin.end(
      Buffer.concat([
        entry('manifest.json', json([{ Config: 'config.json', RepoTags: ['a/b:v1'], Layers }])),
        END,
      ]),
    )
    const source = await opened
    const { layers } = JSON.parse(source.images[0]!.root.bytes.toString())
    expect(source.images[0]!.tags).toEqual(['v1'])
    expect(layers.map(({ digest }: Blob) => digest)).toEqual(
      [0, 0, 1].map((at) => found[at]!.digest),
    )
    for (const { digest, size } of layers) {
      const bytes = await bytesOf(await source.blob(digest, size))
      expect(`sha256:${sha256(bytes)}`).toBe(digest)
    }
    // No layer lies there twice.
    expect(readdirSync(directory)).toHaveLength(5)
  })

  test('whose layers are compressed sends them as they are', async () => {
    const { stdin, opened, found } = open()
    const layer = gzipSync(LAYERS[1])
    const manifest = json([{ Config: 'config.json', RepoTags: null, Layers: ['a.tar.gz'] }])
    stdin.end(
      gzipSync(
        Buffer.concat([
          entry('a.tar.gz', layer),
          entry('config.json', CONFIG),
          entry('manifest.json', manifest),
          END,
        ]),
      ),
    )
    await opened
    expect(found.map(({ digest }) => digest)).toEqual([`sha256:${sha256(layer)}`])
  })
})

test('an archive of a layout tells of large blobs as they come, and of no manifest', async () => {
  const { stdin, opened, found } = open()
  const blobEntry = (bytes: Buffer) => entry(`blobs/sha256/${sha256(bytes)}`, bytes)
  const manifest = json({ schemaVersion: 2, layers: [] })
  stdin.write(blobEntry(manifest))
  stdin.write(blobEntry(LAYERS[0]))
  stdin.write(entry('oci-layout', json({ imageLayoutVersion: '1.0.0' })))
  await until(() => found.length === 1)
  expect(found[0]!.digest).toBe(`sha256:${sha256(LAYERS[0])}`)
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const digest = `sha256:${sha256(manifest)}`
  stdin.end(Buffer.concat([entry('index.json', json({ manifests: [{ mediaType, digest }] })), END]))
  expect((await opened).images.map(({ root }) => root.digest)).toEqual([digest])
  expect(found).toHaveLength(1)
})

test('reading ends when it is stopped', async () => {
  const { stdin, opened, stop } = open()
  stdin.write(entry('a/layer.tar', LAYERS[0]).subarray(0, 1_000_000))
  stop.abort()
  await expect(opened).rejects.toThrow(/is not an archive of images|aborted/)
})
