/**
 * An upstream in this process that takes pushes, or fails as a test wants it to, and a server that pushes on to it.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import {
  layerLinkKey,
  POLICY_KEY,
  RETENTION_KEY,
  tagLinkKey,
  UPSTREAMS_KEY,
} from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { serve, sha256 } from './upstream.ts'

/** Does something else with a request. @returns whether it has */
export type Fault = (
  line: string,
  response: ServerResponse,
  request: IncomingMessage,
) => boolean | Promise<boolean>

/** Responds to requests whose line it fits. */
export const failing =
  (lines: RegExp, status: number, headers: Record<string, string> = {}, code = 'DENIED'): Fault =>
  (line, response, request) => {
    if (!lines.test(line)) return false
    request.resume()
    response.writeHead(status, headers).end(JSON.stringify({ errors: [{ code, message: 'x' }] }))
    return true
  }

/** Breaks the connection: of a PUT once some of its body is there. */
export const breaking =
  (lines: RegExp): Fault =>
  (line, response, request) => {
    if (!lines.test(line)) return false
    if (request.method === 'PUT') request.once('data', () => response.destroy())
    else response.destroy()
    return true
  }

/** A registry whose repositories have the same content. Blobs are mounted from `team/base` alone. */
export const openUpstream = async () => {
  const blobs = new Map<string, Buffer>()
  const manifests = new Map<string, Buffer>()
  const state: { fault: Fault | undefined; lists: boolean } = { fault: undefined, lists: true }
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method } = request
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://up')
    const end = (status: number, headers: Record<string, string> = {}, body?: Buffer) =>
      void response.writeHead(status, headers).end(method === 'HEAD' ? undefined : body)
    const [kind = '', reference = ''] = pathname.split('/').slice(-2)
    if (pathname === '/v2/') return end(200)
    if (!pathname.startsWith('/v2/team/')) return end(404)
    if (method === 'POST' && searchParams.get('from') === 'team/base') return end(201)
    if (method === 'POST') return end(202, { location: '/v2/team/app/blobs/uploads/1?_state=a' })
    if (method === 'PUT' && kind === 'uploads') {
      const bytes = await buffer(request)
      const digest = searchParams.get('digest') ?? ''
      if (sha256(bytes) !== digest) return end(400)
      blobs.set(digest, bytes)
      return end(201)
    }
    if (method === 'PUT') {
      const bytes = await buffer(request)
      manifests.set(reference, bytes).set(sha256(bytes), bytes)
      return end(201, state.lists && bytes.includes('"subject"') ? { 'oci-subject': 'x' } : {})
    }
    const found = (kind === 'blobs' ? blobs : manifests).get(reference)
    if (found === undefined) return end(404)
    const digest = { 'docker-content-digest': sha256(found), 'content-type': OCI_MANIFEST }
    end(200, { ...digest, 'content-length': String(found.length) }, found)
  }
  const served = await serve((request, response) => {
    const line = `${request.method} ${request.url}`
    const respond = async (): Promise<void> => {
      if (!(await state.fault?.(line, response, request))) await take(request, response)
    }
    respond().catch(() => response.destroy())
  })
  /** What has been asked, without what is the same for all. */
  const asked = () =>
    served.requests.splice(0).flatMap(({ line }) => (line === 'GET /v2/' ? [] : [line]))
  return { ...served, blobs, manifests, state, asked }
}

export interface ServerOptions {
  readonly origin: string
  readonly upstream?: object
  readonly policy?: object
  readonly retention?: object
}

/** A server that has `up/…` from an upstream, and pushes on to it. */
export const openServer = async ({ origin, upstream, policy, retention }: ServerOptions) => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const entry = { name: 'up', host: 'up.example', prefix: 'up', url: origin, writable: true }
  const upstreams = [{ ...entry, private: ['127.0.0.1'], ...upstream }]
  const store = openFileStore(path)
  const put = (key: string, document: object | undefined) =>
    document && store.put(key, Buffer.from(JSON.stringify(document)))
  await put(UPSTREAMS_KEY, { version: 1, upstreams })
  await put(POLICY_KEY, policy)
  await put(RETENTION_KEY, retention)
  const env = {
    SLIPWAY_STORE: `file:${path}`,
    SLIPWAY_AUTH: policy ? 'basic' : 'off',
    SLIPWAY_LOG_LEVEL: 'silent',
  }
  const { url, stop } = await startServer(readSettings(['--listen=127.0.0.1:0'], env), env)
  onTestFinished(stop)
  const send = (line: string, body?: Uint8Array, headers: Record<string, string> = {}) => {
    const [method = '', target = ''] = line.split(' ')
    return fetch(new URL(target, url), { method, body: body ? Buffer.from(body) : null, headers })
  }
  /** As docker does. @returns the status of the last response */
  const upload = async (name: string, bytes: Uint8Array): Promise<number> => {
    const begun = await send(`POST /v2/${name}/blobs/uploads/`)
    if (begun.status !== 202) return begun.status
    const patched = await send(`PATCH ${begun.headers.get('location')}`, bytes)
    const put = `PUT ${patched.headers.get('location')}&digest=${sha256(bytes)}`
    return (await send(put)).status
  }
  const putManifest = (target: string, bytes: Uint8Array, headers: Record<string, string> = {}) =>
    send(`PUT ${target}`, bytes, { 'content-type': OCI_MANIFEST, ...headers })
  const tagged = (name: string, tag: string) => store.head(tagLinkKey(name, tag))
  const linked = (name: string, bytes: Uint8Array) => store.head(layerLinkKey(name, sha256(bytes)))
  return { url, store, send, upload, putManifest, tagged, linked }
}
