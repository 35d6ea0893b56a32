/**
 * The check of a pushed image fails whichever way the image is wrong.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, test } from 'vitest'
import { readRegistry } from './image.ts'

const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const unpacked = Buffer.from('what is in the layer')
const layer = gzipSync(unpacked)
const config = Buffer.from(JSON.stringify({ rootfs: { diff_ids: [digestOf(unpacked)] } }))

interface Content {
  readonly layer: Buffer
  readonly config: Buffer
  readonly size: number
  readonly digestHeader?: string
}

const good: Content = { layer, config, size: layer.length }

/** Reads the image from a registry that serves this content under the digests of the good one. */
const readFrom = async (content: Content) => {
  const manifest = Buffer.from(
    JSON.stringify({
      config: { digest: digestOf(config), size: config.length },
      layers: [
        {
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest: digestOf(layer),
          size: content.size,
        },
      ],
    }),
  )
  const bodies = new Map([
    ['/v2/a/manifests/v1', manifest],
    [`/v2/a/blobs/${digestOf(config)}`, content.config],
    [`/v2/a/blobs/${digestOf(layer)}`, content.layer],
  ])
  const server = createServer((request, response) => {
    const digest = content.digestHeader ?? digestOf(manifest)
    response.setHeader('docker-content-digest', digest)
    response.end(bodies.get(request.url ?? ''))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  try {
    return await readRegistry(`127.0.0.1:${address.port}`, 'a', 'v1')
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const wrong: Readonly<Record<string, Content>> = {
  'a layer of other bytes': { ...good, layer: gzipSync('what is in the Layer') },
  'a layer compressed differently': { ...good, layer: gzipSync(unpacked, { level: 0 }) },
  'a layer that ends early': { ...good, layer: layer.subarray(0, -1) },
  'a size that is not the layer’s': { ...good, size: layer.length + 1 },
  'a config of other bytes': { ...good, config: Buffer.from(`${config} `) },
  'another digest in the header': { ...good, digestHeader: digestOf(layer) },
}

describe('reading an image out of a registry', () => {
  test('gives its digests', async () => {
    const image = await readFrom(good)
    assert.deepEqual(image.layers, [digestOf(layer)])
    assert.deepEqual(image.diffIds, [digestOf(unpacked)])
  })

  for (const [name, content] of Object.entries(wrong)) {
    // Not because of a mistake here or in what reads.
    const isFound = (error: unknown) => !(error instanceof TypeError)
    test(`fails on ${name}`, () => assert.rejects(readFrom(content), isFound))
  }
})
