/** Layouts in directories and archives: written, read back, gone on with, and what is wrong with others. */

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { appendFile, truncate } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { Header, Pax } from 'tar'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Origin } from '../../functions/transfer/copy/ports.ts'
import { isRunning } from '../../functions/transfer/layout/alone.ts'
import { layoutArchive } from '../../functions/transfer/layout/archive.ts'
import { layoutDirectory } from '../../functions/transfer/layout/directory.ts'
import type { LayoutFiles } from '../../functions/transfer/layout/files.ts'
import { createLayout } from '../../functions/transfer/layout/layout.ts'
import { openInPlace } from '../../functions/transfer/sources/open.ts'
import { originOfSource } from '../../functions/transfer/sources/origin.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { until } from '../support/until.ts'
import {
  addBlob,
  addImage,
  addIndex,
  addManifest,
  type Content,
  copyBetween,
  destinationOf,
  empty,
  originOf,
  sha256,
} from './places.ts'

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
beforeAll(async () => {
  temporary = await temporaryDirectory()
})
afterAll(() => temporary.remove())
let count = 0
const newPath = (end = ''): string => join(temporary.path, `${count++}${end}`)

const opening = (path: string) =>
  openInPlace(path, {
    ...{ env: {}, stdin: new PassThrough(), directory: temporary.path },
    signal: new AbortController().signal,
    found: () => {},
  })

const WAYS: readonly (readonly [string, string, (path: string) => Promise<LayoutFiles>])[] = [
  ['a directory', '', layoutDirectory],
  ['an archive', '.tar', layoutArchive],
]

/** Copies images to a layout, under the name team/app. */
const exported = async (files: LayoutFiles, from: Origin, tags: readonly string[]) => {
  const layout = await createLayout(files, true)
  for (const tag of tags) {
    await copyBetween(from, layout.destination('team/app'), tag, { referrers: true })
  }
  await layout.finish()
}

/** All of a layout, copied to memory. */
const readBack = async (path: string): Promise<Content> => {
  const source = await opening(path)
  const from = await originOfSource(source, path)
  const there = empty()
  for (const { root, tags } of source.images.filter(({ tags }) => !/^sha256-/.test(tags[0]!))) {
    await copyBetween(from, destinationOf(there), root.digest, { tags, referrers: true })
  }
  return there
}

const bytesOf = ({ blobs, manifests, tags }: Content) => ({ blobs, manifests, tags })

describe.each(WAYS)('%s', (_, end, open) => {
  test('has what was copied to it, with what refers to that', async () => {
    const [here, path] = [empty(), newPath(end)]
    addIndex(here, 'v1')
    addImage(here, 'another', 'v2')
    await exported(await open(path), originOf(here), ['v1', 'v2'])
    expect(bytesOf(await readBack(path))).toEqual(bytesOf(here))
    expect((await opening(path)).images.flatMap(({ names }) => names)).toContain('team/app:v2')
  })

  test('that was broken off cannot be read, and goes on where it was', async () => {
    const [here, path] = [empty(), newPath(end)]
    addIndex(here, 'v1')
    const from = originOf(here)
    let asked: string[] = []
    const broken = sha256('layer of arm64')
    const counted = (breaks: 'blob' | 'referrers' | undefined): Origin => ({
      ...from,
      async blob(digest, size) {
        const blob = await from.blob(digest, size)
        const stream: typeof blob.stream = (start, end) => {
          asked.push(digest)
          const isBad = breaks === 'blob' && digest === broken
          return isBad ? PassThrough.from([Buffer.alloc(3)]) : blob.stream(start, end)
        }
        return { ...blob, stream }
      },
      async referrers(digest) {
        if (breaks === 'referrers') throw new Error('no referrers')
        return from.referrers(digest)
      },
    })
    const breaking = async (breaks: 'blob' | 'referrers', message: RegExp) => {
      asked = []
      const files = await open(path)
      await expect(exported(files, counted(breaks), ['v1'])).rejects.toThrow(message)
      files.leave()
      await expect(opening(path)).rejects.toThrow(/is not there|has neither an index.json/)
    }
    await breaking('blob', /has 3 of \d+ bytes/)
    await breaking('referrers', /no referrers/)
    // Until it asked for referrers, all that the image itself has had come.
    const before = new Set(asked)
    expect(before).toContain(broken)
    asked = []
    await exported(await open(path), counted(undefined), ['v1'])
    expect(asked.filter((digest) => before.has(digest))).toEqual([])
    expect(bytesOf(await readBack(path))).toEqual(bytesOf(here))
  })

  test('that was left with nothing in it is gone', async () => {
    const path = newPath(end)
    const files = await open(path)
    files.leave()
    expect(existsSync(path) || existsSync(`${path}.partial`)).toBe(false)
  })
})

describe('a directory', () => {
  const write = async (path: string, seed: string, tag: string) => {
    const here = empty()
    addImage(here, seed, tag)
    await exported(await layoutDirectory(path), originOf(here), [tag])
    return here
  }

  test('keeps what it has, and a tag that is copied again moves', async () => {
    const path = newPath()
    await write(path, 'first', 'v1')
    await write(path, 'second', 'v2')
    const third = await write(path, 'third', 'v1')
    const { manifests } = JSON.parse(readFileSync(join(path, 'index.json'), 'utf8'))
    expect(manifests).toHaveLength(2)
    expect((await readBack(path)).tags.get('v1')).toBe(third.tags.get('v1'))
  })

  test('keeps what another program has called by a tag alone', async () => {
    const path = newPath()
    await write(path, 'first', 'v1')
    const index = join(path, 'index.json')
    const plain = readFileSync(index, 'utf8').replace(/,"io.containerd.image.name":"[^"]*"/, '')
    writeFileSync(index, plain)
    await write(path, 'second', 'v2')
    expect([...(await readBack(path)).tags.keys()].toSorted()).toEqual(['v1', 'v2'])
    await write(path, 'third', 'v1')
    expect(JSON.parse(readFileSync(index, 'utf8')).manifests).toHaveLength(2)
  })

  test('writes what is damaged in it again', async () => {
    const path = newPath()
    const here = await write(path, 'first', 'v1')
    const file = join(path, 'blobs', here.tags.get('v1')!.replace(':', '/'))
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('"schemaVersion":2', '"schemaVersion":1'),
    )
    await write(path, 'first', 'v1')
    expect(bytesOf(await readBack(path))).toEqual(bytesOf(here))
  })

  test.each([
    ['a list', '[]'],
    ['a list of nothing', '{"manifests":[null]}'],
    [
      'a digest that leads out',
      '{"manifests":[{"mediaType":"a","size":1,"digest":"sha256:../.."}]}',
    ],
  ])('whose index.json has %s is refused', async (_, text) => {
    const path = newPath()
    await write(path, 'first', 'v1')
    writeFileSync(join(path, 'index.json'), text)
    await expect(write(path, 'second', 'v2')).rejects.toThrow(/is not an index: expected a layout/)
  })

  test('with other files is refused', async () => {
    const path = newPath()
    mkdirSync(path)
    writeFileSync(join(path, 'thesis.txt'), '')
    await expect(layoutDirectory(path)).rejects.toThrow(
      /has other files, and no OCI layout: expected a new or an empty directory/,
    )
  })

  test('loses what a process that was killed has left', async () => {
    const path = newPath()
    await write(path, 'first', 'v1')
    // No process has such a number.
    mkdirSync(join(path, '.slipway-4194305'))
    await write(path, 'second', 'v2')
    expect(readdirSync(path).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout'])
  })
})

test.each(WAYS)('%s of an image by SHA-512', async (_, end, open) => {
  const [here, path] = [empty(), newPath(end)]
  const bytes = Buffer.from('a layer by another digest')
  const digest = `sha512:${createHash('sha512').update(bytes).digest('hex')}`
  here.blobs.set(digest, bytes)
  const layer = { mediaType: 'text/plain', digest, size: bytes.length }
  addManifest(here, { config: addBlob(here, '{}'), layers: [layer] }, { tag: 'v1' })
  const files = await open(path)
  const broken: Origin = { ...originOf(here), referrers: () => Promise.reject(new Error('no')) }
  await expect(exported(files, broken, ['v1'])).rejects.toThrow('no')
  files.leave()
  await exported(await open(path), originOf(here), ['v1'])
  expect(bytesOf(await readBack(path))).toEqual(bytesOf(here))
})

describe('two at once', () => {
  test('in one directory: the names of both are there in the end', async () => {
    const [here, path] = [empty(), newPath()]
    addImage(here, 'one', 'v1')
    addImage(here, 'two', 'v2')
    const layouts = await Promise.all(
      ['v1', 'v2'].map(async (tag) => {
        const layout = await createLayout(await layoutDirectory(path), true)
        await copyBetween(originOf(here), layout.destination('team/app'), tag)
        return layout
      }),
    )
    await Promise.all(layouts.map((layout) => layout.finish()))
    expect([...(await readBack(path)).tags.keys()].toSorted()).toEqual(['v1', 'v2'])
    expect(readdirSync(path).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout'])
  })

  test('to one archive: the second is refused, until the first has left', async () => {
    const [here, path] = [empty(), newPath('.tar')]
    addImage(here, 'one', 'v1')
    const first = await layoutArchive(path)
    await expect(layoutArchive(path)).rejects.toThrow(/is being written by another process/)
    first.leave()
    await exported(await layoutArchive(path), originOf(here), ['v1'])
    expect(existsSync(`${path}.partial.lock`)).toBe(false)
    expect((await readBack(path)).tags.has('v1')).toBe(true)
  })

  test.each([
    ['was killed', `${hostname()} 4194305`, 0, true],
    ['had the number of this one', `${hostname()} ${process.pid}`, 0, true],
    ['was on another machine, a while ago', 'elsewhere 1', 120, true],
    ['is on another machine', 'elsewhere 1', 5, false],
    ['is just beginning', '', 0, false],
  ])('after one that %s', async (_, text, seconds, isFree) => {
    const path = newPath('.tar')
    const lock = `${path}.partial.lock`
    writeFileSync(lock, text)
    const at = new Date(Date.now() - seconds * 1000)
    utimesSync(lock, at, at)
    const opened = layoutArchive(path)
    if (isFree) (await opened).leave()
    else await expect(opened).rejects.toThrow(/another process/)
    expect(existsSync(lock)).toBe(!isFree)
  })
})

test.skipIf(process.platform !== 'linux')(
  'what has ended does not run, though nobody looks',
  async () => {
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    onTestFinished(() => void parent.kill('SIGKILL'))
    const pid = Number(String((await once(parent.stdout, 'data'))[0]))
    await until(() => !isRunning(pid))
    expect(existsSync(`/proc/${pid}/stat`)).toBe(true)
    expect([isRunning(parent.pid!), isRunning(process.pid)]).toEqual([true, true])
  },
)

test('an archive that was broken off is not believed what is damaged in it', async () => {
  const [here, path] = [empty(), newPath('.tar')]
  addImage(here, 'one', 'v1')
  const files = await layoutArchive(path)
  const broken: Origin = { ...originOf(here), referrers: () => Promise.reject(new Error('no')) }
  await expect(exported(files, broken, ['v1'])).rejects.toThrow('no')
  files.leave()
  const left = readFileSync(`${path}.partial`, 'latin1')
  expect(left).toContain('layer of one')
  const damaged = left.replace('layer of one', 'layer of 0ne').replace('"config":', '"c0nfig":')
  writeFileSync(`${path}.partial`, damaged, 'latin1')
  await exported(await layoutArchive(path), originOf(here), ['v1'])
  expect(bytesOf(await readBack(path))).toEqual(bytesOf(here))
  expect(readFileSync(path, 'latin1')).not.toMatch(/layer of 0ne|"c0nfig"|unfinished/)
})

test('an archive has nothing of another export that was broken off', async () => {
  const [here, path] = [empty(), newPath('.tar')]
  addImage(here, 'private', 'private')
  addImage(here, 'public', 'public')
  const files = await layoutArchive(path)
  const broken: Origin = { ...originOf(here), referrers: () => Promise.reject(new Error('no')) }
  await expect(exported(files, broken, ['private'])).rejects.toThrow('no')
  files.leave()
  await exported(await layoutArchive(path), originOf(here), ['public'])
  expect(readFileSync(path, 'latin1')).not.toContain('private')
  expect([...(await readBack(path)).tags.keys()]).toEqual(['public'])
})

describe('an archive', () => {
  test('that was cut goes on with what is whole', async () => {
    const [here, path] = [empty(), newPath('.tar')]
    addIndex(here, 'v1')
    const files = await layoutArchive(path)
    const from = originOf(here)
    const broken: Origin = { ...from, referrers: async () => Promise.reject(new Error('broken')) }
    await expect(exported(files, broken, ['v1'])).rejects.toThrow('broken')
    files.leave()
    const partial = `${path}.partial`
    await truncate(partial, statSync(partial).size - 100)
    await exported(await layoutArchive(path), from, ['v1'])
    expect(bytesOf(await readBack(path))).toEqual(bytesOf(here))
    expect(existsSync(partial)).toBe(false)
  })

  test('after which something was written goes on before that', async () => {
    const [here, path] = [empty(), newPath('.tar')]
    addImage(here, 'first', 'v1')
    await exported(await layoutArchive(path), originOf(here), ['v1'])
    const fresh = statSync(path).size
    await appendFile(`${path}.partial`, Buffer.alloc(5000, 'nonsense'))
    await exported(await layoutArchive(path), originOf(here), ['v1'])
    expect(statSync(path).size).toBe(fresh)
  })

  test('has a manifest.json for docker load', async () => {
    const [here, path] = [empty(), newPath('.tar')]
    addIndex(here, 'v1')
    await exported(await layoutArchive(path), originOf(here), ['v1'])
    // These have configs of another type than images of containers.
    expect(readFileSync(path, 'latin1')).toContain('manifest.json')
  })
})

/** An entry of an archive. */
const entry = (path: string, bytes: Buffer, type: 'File' | 'NextFileHasLongPath' = 'File') => {
  const block = Buffer.alloc(512)
  new Header({ path, mode: 0o644, size: bytes.length, type }).encode(block, 0)
  return Buffer.concat([block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
}
const END = Buffer.alloc(1024)
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const LAYOUT = entry('oci-layout', json({ imageLayoutVersion: '1.0.0' }))
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

/** A layout of one image, whose layer is what is said. */
const layoutOf = (layer: { readonly digest: string; readonly size: number }): Buffer[] => {
  const manifest = json({
    ...{ schemaVersion: 2, mediaType: MANIFEST },
    config: { mediaType: 'text/plain', digest: sha256('{}'), size: 2 },
    layers: [{ mediaType: 'text/plain', ...layer }],
  })
  const root = { mediaType: MANIFEST, digest: sha256(manifest), size: manifest.length }
  const annotations = { 'org.opencontainers.image.ref.name': 'v1' }
  return [
    LAYOUT,
    entry('index.json', json({ manifests: [{ ...root, annotations }] })),
    entry(`blobs/${root.digest.replace(':', '/')}`, manifest),
    entry(`blobs/${sha256('{}').replace(':', '/')}`, Buffer.from('{}')),
  ]
}
const LAYER = { digest: sha256('layer'), size: 5 }
const layerAs = (text: string, digest = LAYER.digest) =>
  entry(`blobs/${digest.replace(':', '/')}`, Buffer.from(text))

/** Says the largest number that 12 bytes can have. */
const badSize = (header: Buffer): Buffer => {
  header.fill(0xff, 124, 136)
  header[124] = 0x80
  return header
}

describe('bad archives are refused with what is wrong', () => {
  const whole = Buffer.concat([...layoutOf(LAYER), layerAs('layer'), END])
  test.each<readonly [string, readonly Buffer[], RegExp]>([
    [
      'no archive',
      [Buffer.alloc(2048, 'x')],
      /is not a whole archive: there is no header at byte 0/,
    ],
    ['an empty file', [], /has neither an index.json with an oci-layout nor a manifest.json/],
    ['cut within a file', [whole.subarray(0, 1600)], /it is cut: "index.json" has \d+ bytes from/],
    ['cut within a block', [whole.subarray(0, 700)], /it is cut: it ends at 700, within a block/],
    [
      'without its layer',
      [...layoutOf(LAYER), END],
      /has no blob sha256:.*, to which its manifest/,
    ],
    [
      'a layer of another size',
      [...layoutOf(LAYER), layerAs('layers'), END],
      /has 6 bytes, but its manifest says 5/,
    ],
    [
      'a layer with other bytes',
      [...layoutOf(LAYER), layerAs('lazer'), END],
      /is damaged: what it has as the blob sha256:/,
    ],
    [
      'a manifest with other bytes',
      [
        LAYOUT,
        entry('index.json', json({ manifests: [{ mediaType: MANIFEST, digest: LAYER.digest }] })),
        layerAs('{}'),
        END,
      ],
      /is damaged: what it has as the manifest sha256:/,
    ],
    [
      'a digest that leads out of it',
      [
        LAYOUT,
        entry('index.json', json({ manifests: [{ mediaType: MANIFEST, digest: '../../etc' }] })),
        END,
      ],
      /^\.\.\/\.\.\/etc in .* is not a digest$/,
    ],
    [
      'a layer by a name that leads out of it',
      [...layoutOf({ digest: 'sha256:../../../etc/passwd', size: 5 }), END],
      /refers to "sha256:\.\.\/\.\.\/\.\.\/etc\/passwd": expected sha256:/,
    ],
    ['an index that is none', [LAYOUT, entry('index.json', json([])), END], /is not an index/],
    ['a size that is no number', [badSize(entry('x', Buffer.alloc(0)))], /is no header at byte 0/],
    [
      'a size that is a word',
      [new Pax({ path: 'x', size: 1.5 }).encode(), entry('x', Buffer.alloc(0))],
      /a header at byte 1024 has no size/,
    ],
    [
      'a header of a gigabyte',
      [entry('x', Buffer.alloc(2 * 1024 * 1024), 'NextFileHasLongPath')],
      /has 2097152 bytes/,
    ],
  ])('%s', async (_, parts, message) => {
    const path = newPath('.tar')
    writeFileSync(path, Buffer.concat([...parts]))
    await expect(readBack(path)).rejects.toThrow(message)
  })

  test('what it calls its files never becomes a path', async () => {
    const path = newPath('.tar')
    const names = ['../../outside', '/etc/outside', 'blobs/../../outside']
    const bad = names.map((name) => entry(name, Buffer.from('x')))
    writeFileSync(path, Buffer.concat([...bad, ...layoutOf(LAYER), layerAs('layer'), END]))
    expect((await readBack(path)).blobs.size).toBe(2)
  })
})

test('long names, as pax and GNU tar write them', async () => {
  const path = newPath('.tar')
  const long = `${'a'.repeat(80)}/${'b'.repeat(120)}/../..`
  const pax = new Pax({ path: `${long}/oci-layout` }).encode()
  const gnu = entry('././@LongLink', Buffer.from(`${long}/index.json\0`), 'NextFileHasLongPath')
  const [layout, index, ...rest] = layoutOf(LAYER)
  writeFileSync(path, Buffer.concat([pax, layout!, gnu, index!, ...rest, layerAs('layer'), END]))
  expect((await readBack(path)).tags.has('v1')).toBe(true)
})
