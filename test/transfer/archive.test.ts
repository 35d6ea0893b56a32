/** Archives of images: layers can be sent while others are still to come. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Header } from 'tar'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Blob } from '../../functions/transfer/blobs/blob.ts'
import { openInPlace, openSource } from '../../functions/transfer/sources/open.ts'
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

describe('a full disk', () => {
  test.each([
    ['a file', 'x.json', Buffer.alloc(3_000_000, 'x')],
    ['a layer', 'a/layer.tar', LAYERS[0]],
    ['a compressed layer', 'a/layer.tar', gzipSync(createHash('sha512').update('x').digest())],
  ])('is said, while the rest of an archive comes: %s', async (_, name, bytes) => {
    const { stdin, opened, directory } = open()
    symlinkSync('/dev/full', join(directory, 'entry-0'))
    const whole = entry(name, bytes)
    stdin.write(whole.subarray(0, -512))
    // Nobody waits for the disk meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 20))
    stdin.end(Buffer.concat([whole.subarray(-512), entry('another', Buffer.alloc(10)), END]))
    await expect(opened).rejects.toThrow(/^there is no room in .*: TMPDIR names another place$/)
  })
})

test('of a name that comes twice the last counts, and no file is written over', async () => {
  const { stdin, opened } = open()
  const manifest = json([{ Config: 'config.json', RepoTags: ['a:v1'], Layers: ['a.tar', 'b.tar'] }])
  const parts = [entry('a.tar', LAYERS[1]), entry('a.tar', LAYERS[0]), entry('b.tar', LAYERS[1])]
  parts.push(entry('config.json', Buffer.alloc(0), 'other.json'), entry('other.json', json([])))
  parts.push(entry('config.json', CONFIG), entry('manifest.json', manifest), END)
  stdin.end(Buffer.concat(parts))
  const source = await opened
  const { config, layers } = JSON.parse(source.images[0]!.root.bytes.toString())
  const read = async ({ digest, size }: Blob) => bytesOf(await source.blob(digest, size))
  expect((await read(config)).equals(CONFIG)).toBe(true)
  expect(gunzipSync(await read(layers[0])).equals(LAYERS[0])).toBe(true)
  expect(gunzipSync(await read(layers[1])).equals(LAYERS[1])).toBe(true)
})

test('a compressed archive that comes byte by byte at first', async () => {
  const { stdin, opened } = open()
  const manifest = json([{ Config: 'c.json', RepoTags: ['a:v1'], Layers: [] }])
  const whole = Buffer.concat([entry('c.json', CONFIG), entry('manifest.json', manifest), END])
  const bytes = gzipSync(whole)
  stdin.write(bytes.subarray(0, 1))
  await new Promise((resolve) => setImmediate(resolve))
  stdin.end(bytes.subarray(1))
  expect((await opened).images[0]!.tags).toEqual(['v1'])
})

test('names that lead elsewhere are no tags', async () => {
  const { stdin, opened } = open()
  const RepoTags = ['a:v1', 'a:../../victim/manifests/latest', 'localhost:5000/a', 'a', 'b/c:2']
  const manifest = json([{ Config: 'c.json', RepoTags, Layers: [] }])
  stdin.end(Buffer.concat([entry('c.json', CONFIG), entry('manifest.json', manifest), END]))
  expect((await opened).images[0]!.tags).toEqual(['v1', '2'])
})

test('a layer that is not what its configuration says', async () => {
  const { stdin, opened } = open()
  const diffIds = [`sha256:${sha256(LAYERS[1])}`, `sha256:${sha256(LAYERS[1])}`]
  const manifest = json([{ Config: 'c.json', RepoTags: null, Layers: ['b.tar', 'a.tar'] }])
  const config = entry('c.json', json({ rootfs: { diff_ids: diffIds } }))
  const layers = [entry('a.tar', LAYERS[0]), entry('b.tar', LAYERS[1])]
  stdin.end(Buffer.concat([...layers, config, entry('manifest.json', manifest), END]))
  await expect(opened).rejects.toThrow(/is damaged: its layer a\.tar has the digest sha256:/)
})

describe('a directory of docker save', () => {
  const around = () => ({
    ...{ env: {}, stdin: new PassThrough(), signal: new AbortController().signal },
    ...{ directory: temporary.path, found: () => {} },
  })

  test.each([
    ['a configuration by a path that leads out', { Config: '../secret', Layers: [] }],
    ['a configuration by a link that leads out', { Config: 'link', Layers: [] }],
    ['a layer by a path that leads out', { Config: 'config.json', Layers: ['x/../../secret'] }],
    ['a layer by a link that leads out', { Config: 'config.json', Layers: ['link'] }],
    ['a layer below a link that leads out', { Config: 'config.json', Layers: ['up/secret'] }],
  ])('with %s', async (_, image) => {
    const outer = join(temporary.path, `${count++}`)
    const path = join(outer, 'image')
    mkdirSync(path, { recursive: true })
    writeFileSync(join(outer, 'secret'), '{"a":"secret"}')
    symlinkSync('../secret', join(path, 'link'))
    symlinkSync('..', join(path, 'up'))
    writeFileSync(join(path, 'config.json'), CONFIG)
    writeFileSync(join(path, 'manifest.json'), json([image]))
    await expect(openInPlace(path, around())).rejects.toThrow(/has no /)
  })

  test('whose layers are links to each other', async () => {
    const path = join(temporary.path, `${count++}`)
    mkdirSync(join(path, 'a'), { recursive: true })
    mkdirSync(join(path, 'b'))
    writeFileSync(join(path, 'a/layer.tar'), LAYERS[1])
    symlinkSync('../a/layer.tar', join(path, 'b/layer.tar'))
    writeFileSync(join(path, 'config.json'), CONFIG)
    const image = { Config: 'config.json', Layers: ['a/layer.tar', 'b/layer.tar'] }
    writeFileSync(join(path, 'manifest.json'), json([image]))
    expect((await openInPlace(path, around())).images).toHaveLength(1)
  })

  test('as a pipe that has a name', async () => {
    const path = join(temporary.path, `${count++}`)
    execFileSync('mkfifo', [path])
    const manifest = json([{ Config: 'config.json', RepoTags: ['a:v1'], Layers: [] }])
    const parts = [entry('config.json', CONFIG), entry('manifest.json', manifest), END]
    const opened = openInPlace(path, around())
    opened.catch(() => {})
    await writeFile(path, Buffer.concat(parts))
    expect((await opened).images[0]!.tags).toEqual(['v1'])
  })
})
