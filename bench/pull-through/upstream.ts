/**
 * An upstream with one image that sends no faster than a rate, all connections together. It runs in a process of its own,
 * as `node bench/pull-through/upstream.ts`, which tells its port to its parent, and what it was asked when it is asked.
 *
 * @module
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import type { Image } from '../content.ts'

/** What it is told to have. */
export interface Held {
  readonly image: Image
  /** Bytes a second. */
  readonly rate: number
}

/** Bytes sent at once: those that are due in a few milliseconds. */
const PIECE = 64 * 1024

/** Serves what it is told. @returns what it was asked, to be read any time */
const serve = async ({ image, rate }: Held) => {
  const asked: string[] = []
  const bodies = new Map(image.blobs.map(({ digest, bytes }) => [digest, bytes]))
  let free = 0
  /** A body, of which each piece waits for its turn. */
  async function* paced(body: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < body.byteLength; at += PIECE) {
      const piece = body.subarray(at, at + PIECE)
      free = Math.max(free, performance.now()) + (piece.byteLength / rate) * 1000
      await sleep(Math.max(free - performance.now(), 0))
      yield piece
    }
  }
  const server = createServer(({ method, url = '' }, response) => {
    asked.push(`${method} ${url}`)
    const answer = (status: number, body: Uint8Array, headers: Record<string, string>): void => {
      response.writeHead(status, { 'content-length': body.byteLength, ...headers })
      if (method === 'HEAD') response.end()
      else Readable.from(paced(body), { objectMode: false }).pipe(response)
    }
    const [kind, reference = ''] = url.split('/').slice(-2)
    const { manifest } = image
    if (url === '/v2/') return answer(200, Buffer.from('{}'), {})
    const blob = bodies.get(reference)
    if (kind === 'blobs' && blob) {
      return answer(200, blob, {
        'content-type': 'application/octet-stream',
        'docker-content-digest': reference,
      })
    }
    if (kind === 'manifests' && ['v1', manifest.digest].includes(reference)) {
      return answer(200, manifest.bytes, {
        'content-type': OCI_MANIFEST,
        'docker-content-digest': manifest.digest,
        etag: `"${manifest.digest}"`,
      })
    }
    answer(404, Buffer.from('{"errors":[]}'), { 'content-type': 'application/json' })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, asked }
}

let asked: string[] | undefined
process.on('message', async (message: Held | 'asked') => {
  if (message === 'asked') return void process.send?.(asked?.splice(0))
  const served = await serve(message)
  asked = served.asked
  process.send?.(served.port)
})
process.on('disconnect', () => process.exit())
