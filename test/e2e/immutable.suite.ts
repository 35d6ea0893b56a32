/**
 * A push of another image to an immutable tag: every client stops at once, and says which digest the tag has.
 *
 * @module
 */

import { mkdtempSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { RETENTION_KEY } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { scratch } from '../support/live/process.ts'
import { type LiveRegistry, startRegistry } from '../support/live/registry.ts'
import { clients } from './support/clients.ts'
import { type SourceImage, sourceImage } from './support/image.ts'

const RULES = 'version: 1\nimmutable:\n  - repositories: ["**"]\n    tags: ["v*"]\n'

/** It prints the status alone. */
const SILENT = ['ctr']

const directory = scratch('imm')
let registry: LiveRegistry
let image: SourceImage
/** Manifests that clients have sent. */
const sent: string[] = []

/** Stands before the registry, and counts. */
const front = createServer((incoming, answer) => {
  const { method, url = '', headers } = incoming
  if (method === 'PUT' && url.includes('/manifests/')) sent.push(url)
  const [host, port] = registry.address.split(':')
  const passed = request({ host, port, method, path: url, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(answer)
  })
  passed.on('error', () => answer.destroy())
  incoming.pipe(passed)
})

beforeAll(async () => {
  const data = join(directory.path, 'data')
  await openFileStore(data).put(RETENTION_KEY, Buffer.from(RULES))
  registry = await startRegistry('slipway', { directory: data })
  await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening))
  image = await sourceImage('small')
}, 900_000)

afterAll(async () => {
  front.closeAllConnections()
  front.close()
  await registry.close()
  directory.remove()
})

/** Pushes an image that no client has. */
const pushFirst = async (name: string): Promise<string> => {
  const url = `http://${registry.address}/v2/${name}`
  const { bytes, sha256 } = imageOf()
  const blob = new Uint8Array(CONFIG.bytes)
  const uploaded = await fetch(`${url}/blobs/uploads/?digest=${CONFIG.sha256}`, {
    method: 'POST',
    body: blob,
  })
  expect(uploaded.status).toBe(201)
  const pushed = await fetch(`${url}/manifests/v1`, {
    method: 'PUT',
    body: new Uint8Array(bytes),
    headers: { 'Content-Type': OCI_MANIFEST },
  })
  expect(pushed.status).toBe(201)
  return sha256
}

for (const [title, open] of Object.entries(clients)) {
  test(title, async () => {
    const address = `127.0.0.1:${(front.address() as AddressInfo).port}`
    const place = { address, directory: mkdtempSync(join(directory.path, 'c-')), image }
    const name = `frozen/${title}`
    const digest = await pushFirst(name)
    const client = await open(place)
    try {
      const session = client.as()
      sent.length = 0
      const refused = session.push(`${address}/${name}:v1`)
      await expect(refused).rejects.toThrow(SILENT.includes(title) ? '409 Conflict' : digest)
      expect(sent).toHaveLength(1)
      await session.push(`${address}/${name}:latest`)
      await session.push(`${address}/${name}:v2`)
      await session.push(`${address}/${name}:v2`)
    } finally {
      await client.close?.()
    }
  })
}
