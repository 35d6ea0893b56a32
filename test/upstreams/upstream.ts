/**
 * An upstream in this process that behaves as a test wants it to.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import type { Digest } from '../../functions/registry/reference.ts'
import { type AskingOptions, createAsking } from '../../functions/upstreams/client/hosts-asked.ts'
import { parseUpstreams } from '../../functions/upstreams/parse.ts'
import { type Route, routing } from '../../functions/upstreams/route.ts'

export const sha256 = (bytes: string | Uint8Array): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** An image without layers. */
export const CONFIG = Buffer.from('{"architecture":"amd64","os":"linux"}')
export const IMAGE = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256(CONFIG),
      size: CONFIG.length,
    },
    layers: [],
  }),
)

/** Serves on loopback for one test, and notes what was asked. */
export const serve = async (listener: RequestListener) => {
  const requests: { readonly line: string; readonly headers: IncomingMessage['headers'] }[] = []
  const server = createServer((request, response) => {
    requests.push({ line: `${request.method} ${request.url}`, headers: request.headers })
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests,
    lines: () => requests.map(({ line }) => line),
  }
}

/** What an upstream has, by path after `/v2/`. */
export type Content = Readonly<
  Record<
    string,
    string | Uint8Array | ((request: IncomingMessage, response: ServerResponse) => void)
  >
>

/** Serves content as a registry does that asks for nothing. */
export const serveContent = (content: Content) =>
  serve((request, response) => {
    const path = (request.url ?? '').replace(/^\/v2\//, '')
    const found = path === '' ? '{}' : content[path]
    if (typeof found === 'function') return found(request, response)
    if (found === undefined) return void response.writeHead(404).end('{"errors":[]}')
    const bytes = Buffer.from(found)
    const headers = path.includes('/manifests/')
      ? {
          'content-type': OCI_MANIFEST,
          'docker-content-digest': sha256(bytes),
          etag: `"${sha256(bytes)}"`,
        }
      : {}
    response
      .writeHead(200, { ...headers, 'content-length': bytes.length })
      .end(request.method === 'HEAD' ? undefined : bytes)
  })

/** The route to a repository `app` of an upstream on loopback. */
export const routeTo = (origin: string, more: object = {}): Route => {
  const upstream = {
    name: 'up',
    host: 'up.example',
    prefix: 'up',
    url: origin,
    private: ['127.0.0.1'],
    ...more,
  }
  const text = JSON.stringify({ version: 1, upstreams: [upstream] })
  const route = routing(parseUpstreams(text))('up/app')
  if (typeof route === 'string') throw new Error(route)
  return route
}

/** Asks for that repository. */
export const askAt = (origin: string, more: object = {}, options: Partial<AskingOptions> = {}) =>
  createAsking({ readSecret: async () => 'alice:secret', ...options })(routeTo(origin, more))
