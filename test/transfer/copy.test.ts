/** The engine of copies: what comes, in which order, and what is said where it cannot. */

import { describe, expect, test } from 'vitest'
import { bytesBlob } from '../../functions/transfer/blobs/blob.ts'
import type { Destination, Origin } from '../../functions/transfer/copy/ports.ts'
import { MissingError, RefusedError } from '../../functions/transfer/errors.ts'
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

const sizesOf = ({ blobs, manifests, tags }: Content) => [blobs.size, manifests.size, tags.size]

describe('what is copied', () => {
  test('an image: its blobs, and its tag last', async () => {
    const [here, there, order] = [empty(), empty(), [] as string[]]
    const { digest } = addImage(here, 'x', 'v1')
    await copyBetween(originOf(here), destinationOf(there, order), 'v1', { tags: ['v1', 'v2'] })
    expect(sizesOf(there)).toEqual([3, 1, 2])
    expect(order.slice(-2)).toEqual(['v1', 'v2'])
    expect(there.tags.get('v2')).toBe(digest)
  })

  test('by its digest, with no tag', async () => {
    const [here, there] = [empty(), empty()]
    const { digest } = addImage(here, 'x')
    await copyBetween(originOf(here), destinationOf(there), digest, { tags: [] })
    expect(sizesOf(there)).toEqual([3, 1, 0])
  })

  test('an index with all that refers to it, and what refers to that', async () => {
    const [here, there, order] = [empty(), empty(), [] as string[]]
    const { sbom, signature, index } = addIndex(here, 'v1')
    await copyBetween(originOf(here), destinationOf(there, order), 'v1', { referrers: true })
    expect(new Set(there.manifests.keys())).toEqual(new Set(here.manifests.keys()))
    expect(order.at(-1)).toBe('v1')
    const after = [index, sbom, signature].map(({ digest }) => order.indexOf(digest))
    expect(after).toEqual(after.toSorted((a, b) => a - b))
  })

  test('without what refers to it, unless that is wanted', async () => {
    const [here, there] = [empty(), empty()]
    addIndex(here, 'v1')
    await copyBetween(originOf(here), destinationOf(there), 'v1')
    expect(there.manifests.size).toBe(3)
  })

  test('nothing that is there', async () => {
    const [here, there] = [empty(), empty()]
    addIndex(here, 'v1')
    const options = { referrers: true }
    await copyBetween(originOf(here), destinationOf(there), 'v1', options)
    const again: string[] = []
    const to = destinationOf(there, again)
    await copyBetween({ ...originOf(here), blob: undefined as never }, to, 'v1', options)
    expect(again).toEqual([])
  })

  test('the rest, where an earlier copy was broken off', async () => {
    const [here, there, order] = [empty(), empty(), [] as string[]]
    const { images } = addIndex(here, 'v1')
    const [first] = images
    await copyBetween(originOf(here), destinationOf(there), first!.digest, { tags: [] })
    await copyBetween(originOf(here), destinationOf(there, order), 'v1')
    expect(order).not.toContain(first!.digest)
    expect(there.tags.get('v1')).toBe(here.tags.get('v1'))
  })

  test.each([
    ['one platform: that image itself', ['linux/arm64'], 1],
    ['all of them: the same index', ['linux/amd64', 'linux/arm64'], 3],
  ])('%s', async (_, platforms, manifests) => {
    const [here, there] = [empty(), empty()]
    const { index, images } = addIndex(here, 'v1')
    const { digest } = await copyBetween(originOf(here), destinationOf(there), 'v1', { platforms })
    expect(digest).toBe(manifests === 1 ? images[1]!.digest : index.digest)
    expect(there.manifests.size).toBe(manifests)
  })

  test('two platforms of three: an index of its own', async () => {
    const [here, there] = [empty(), empty()]
    const manifests = ['amd64', 'arm64', 's390x'].map((architecture) => ({
      ...addImage(here, architecture),
      platform: { os: 'linux', architecture },
    }))
    const about = { 'vnd.docker.reference.digest': manifests[0]!.digest }
    const attestation = { ...addImage(here, 'attestation'), annotations: about }
    const mediaType = 'application/vnd.oci.image.index.v1+json'
    const all = [...manifests, attestation]
    addManifest(here, { manifests: all, annotations: { a: 'b' } }, { mediaType, tag: 'v1' })
    const { digest } = await copyBetween(originOf(here), destinationOf(there), 'v1', {
      platforms: ['linux/amd64', 'linux/s390x'],
    })
    const made = JSON.parse(there.manifests.get(digest)!.bytes.toString())
    expect(made.manifests).toEqual([manifests[0], manifests[2], attestation])
    expect(made.annotations).toEqual({ a: 'b' })
  })
})

const damaged = (from: Origin, text: string): Origin => ({
  ...from,
  blob: async (digest) => bytesBlob(Buffer.from(text), digest),
})

describe('what cannot be copied is said, and has no tag', () => {
  interface Bad {
    readonly what: string
    readonly message: RegExp
    readonly from?: (here: Content, from: Origin) => Origin
    readonly to?: (to: Destination) => Destination
    readonly reference?: string
    readonly platforms?: readonly string[]
  }
  const layer = sha256('layer of amd64')
  const BAD: readonly Bad[] = [
    {
      what: 'a tag that is not there',
      reference: 'v9',
      message: /^from\/here has no manifest v9$/,
    },
    {
      what: 'a blob that is gone',
      from: (here, from) => {
        here.blobs.delete(layer)
        return from
      },
      message: new RegExp(
        `^from/here has no blob ${layer}, to which its manifest sha256:\\w+ refers$`,
      ),
    },
    {
      what: 'an image that is gone from its index',
      from: (here, from) => {
        const [first] = here.manifests.keys()
        here.manifests.delete(first!)
        return from
      },
      message: /^from\/here has no manifest sha256:\w+, to which its manifest sha256:\w+ refers$/,
    },
    {
      what: 'a tag that was moved, and its image deleted',
      from: (here, from) => ({
        ...from,
        async blob(digest, size) {
          here.blobs.delete(layer)
          addImage(here, 'another', 'v1')
          return from.blob(digest, size)
        },
      }),
      message: /^v1 in from\/here was moved to sha256:\w+ while it was copied: .*; copy it again$/,
    },
    {
      what: 'a tag that was deleted with its image',
      from: (here, from) => ({
        ...from,
        async blob(digest, size) {
          here.blobs.delete(layer)
          here.tags.delete('v1')
          return from.blob(digest, size)
        },
      }),
      message: /^v1 in from\/here was deleted while it was copied: /,
    },
    {
      what: 'other bytes of the same length',
      from: (_, from) => damaged(from, 'a'.repeat(1)),
      message: /^from\/here (?:has 1 of \d+ bytes of the blob|is damaged)/,
    },
    {
      what: 'a manifest that is not what its digest says',
      from: (_, from) => ({
        ...from,
        manifest: async (reference, type) => {
          const found = await from.manifest(reference, type)
          return reference === 'v1' ? found : { ...found, bytes: Buffer.from('{}') }
        },
      }),
      message: /^from\/here is damaged: what it has as the manifest sha256:\w+ has the digest/,
    },
    {
      what: 'a platform that is not there',
      platforms: ['linux/s390x'],
      message: /has no image for linux\/s390x: it has linux\/amd64, linux\/arm64$/,
    },
    {
      what: 'a refusal',
      to: (to) => ({
        ...to,
        deliver: async () => {
          throw new RefusedError('no upload could be started: 403 DENIED', 403, undefined)
        },
      }),
      message: /403 DENIED/,
    },
    {
      what: 'a server that wants to be left alone for long',
      to: (to) => ({
        ...to,
        has: async () => {
          throw new RefusedError('429 TOOMANYREQUESTS', 429, 3_600_000)
        },
      }),
      message: /429 TOOMANYREQUESTS; it asks to be left alone for 3600 s: try again then$/,
    },
    {
      what: 'a server that is down for longer than is waited',
      to: (to) => ({
        ...to,
        put: async () => {
          throw new RefusedError('could not be pushed: 503', 503, undefined)
        },
      }),
      message: /503/,
    },
    {
      what: 'a full disk',
      to: (to) => ({
        ...to,
        deliver: async () => {
          throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
        },
      }),
      message: /ENOSPC/,
    },
  ]
  test.each(BAD)('$what', async ({ message, from, to, reference = 'v1', platforms = [] }) => {
    const [here, there] = [empty(), empty()]
    addIndex(here, 'v1')
    const origin = from?.(here, originOf(here)) ?? originOf(here)
    const destination = destinationOf(there)
    const copied = copyBetween(origin, to?.(destination) ?? destination, reference, { platforms })
    await expect(copied).rejects.toThrow(message)
    expect(there.tags.size).toBe(0)
  })

  test.each([
    ['neither a manifest nor an index', 'text/plain', '{}', /is text\/plain: expected a manifest/],
    ['cut JSON', undefined, '{"layers":', /is not a manifest$/],
    [
      'a digest that leads elsewhere',
      undefined,
      '{"layers":[{"mediaType":"a","size":1,"digest":"sha256:../../x"}]}',
      /refers to "sha256:\.\.\/\.\.\/x": expected sha256:<64 hex digits>/,
    ],
  ])('%s', async (_, mediaType, text, message) => {
    const here = empty()
    const bytes = Buffer.from(text)
    const type = mediaType ?? 'application/vnd.oci.image.manifest.v1+json'
    here.manifests.set(sha256(bytes), { mediaType: type, bytes })
    here.tags.set('v1', sha256(bytes))
    const copied = copyBetween(originOf(here), destinationOf(empty()), 'v1')
    await expect(copied).rejects.toThrow(message)
  })
})

describe('what passes is waited for', () => {
  test.each([
    ['429 with Retry-After', new RefusedError('429', 429, 3000), 3000],
    ['502', new RefusedError('502', 502, undefined), 0],
    ['a connection that breaks', Object.assign(new Error('x'), { code: 'ECONNRESET' }), 0],
  ])('%s', async (_, error, least) => {
    const [here, there] = [empty(), empty()]
    addImage(here, 'x', 'v1')
    const to = destinationOf(there)
    let failures = 2
    const flaky: Destination = {
      ...to,
      async deliver(blob, delivery) {
        if (failures-- > 0) throw error
        return to.deliver(blob, delivery)
      },
    }
    const { waited } = await copyBetween(originOf(here), flaky, 'v1')
    expect(waited).toHaveLength(2)
    for (const [, milliseconds] of waited) expect(milliseconds).toBeGreaterThanOrEqual(least)
    expect(sizesOf(there)).toEqual([3, 1, 1])
  })
})

test('a manifest of thousands of layers, each of which comes once', async () => {
  const [here, there, order] = [empty(), empty(), [] as string[]]
  const layers = Array.from({ length: 3000 }, (_, at) => addBlob(here, `${at % 1500}`))
  addManifest(here, { config: addBlob(here, '{}'), layers }, { tag: 'v1' })
  await copyBetween(originOf(here), destinationOf(there, order), 'v1')
  expect(order).toHaveLength(1502)
})

test('what is missing is an error of its own', async () => {
  const copied = copyBetween(originOf(empty()), destinationOf(empty()), 'v1')
  await expect(copied).rejects.toThrow(MissingError)
})
