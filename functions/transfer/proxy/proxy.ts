/**
 * A registry on loopback that stands for another one: uploads are received whole, and sent on by the fastest
 * way that the other one offers; everything else is passed on. A door of this room.
 *
 * @module
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { isName } from '../../registry/reference.ts'
import { createRoom } from '../blobs/room.ts'
import { sendBlob } from '../blobs/send.ts'
import { TransferError } from '../errors.ts'
import { type Authorizing, authorizing } from '../registry/authorize.ts'
import type { Credentials } from '../registry/docker-config.ts'
import type { Http } from '../registry/http.ts'
import { targetAt } from '../registry/target.ts'
import { type Incoming, receiveInto } from './incoming.ts'
import { passBack, passOn } from './pass.ts'

export interface ProxyOptions {
  readonly http: Http
  /** Scheme and host of the registry. */
  readonly origin: string
  /** What is shown to it for clients that show nothing. */
  readonly credentials: Credentials | undefined
  /** An empty directory for bytes on their way. */
  readonly directory: string
  /** Is told of each blob and how it was sent, and of what failed. */
  readonly say: (line: string) => void
}

const START = /^\/v2\/(.+)\/blobs\/uploads\/?$/
const UPLOAD = /^\/v2\/(.+)\/blobs\/uploads\/([0-9a-f-]{36})$/

const fail = (response: ServerResponse, status: number, code: string, message: string): void => {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify({ errors: [{ code, message }] }))
}

/**
 * Whether a web page sent a request, by its own origin or by another name for this host: a page must not
 * push with the credentials of whoever looks at it.
 */
const isOfPage = ({ headers }: IncomingMessage): boolean =>
  headers.origin !== undefined ||
  headers['sec-fetch-site'] !== undefined ||
  !/^(?:localhost|[\d.]+|\[[\da-f:.]+\])(?::\d+)?$/i.test(headers.host ?? '')

/** Handles requests to the proxy. */
export const proxyTo = ({
  http,
  origin,
  credentials,
  directory,
  say,
}: ProxyOptions): RequestListener => {
  const uploads = new Map<string, Incoming>()
  const room = createRoom()
  const own = new Map<string, Authorizing>()

  /** What authorizes requests for a repository that clients send without credentials. */
  const ownFor = (name: string) => {
    const scope = name === '' ? '' : `repository:${name}:pull,push,delete`
    const found = own.get(name) ?? authorizing(http, origin, credentials, scope)
    own.set(name, found)
    return found
  }

  const targetFor = (name: string, { headers }: IncomingMessage) => {
    const shown = headers.authorization
    if (shown === undefined) return targetAt(http, origin, name, ownFor(name))
    return targetAt(http, origin, name, {
      send: (outgoing) =>
        http.send({ ...outgoing, headers: { Authorization: shown, ...outgoing.headers } }),
    })
  }

  const describe = (response: ServerResponse, { id, name, size }: Incoming): void => {
    response.setHeader('Location', `/v2/${name}/blobs/uploads/${id}`)
    response.setHeader('Range', `0-${Math.max(size - 1, 0)}`)
    response.setHeader('Docker-Upload-UUID', id)
  }

  /** Takes the last bytes, and sends the blob on: while they come, if its digest and size are known. */
  const finish = async (
    upload: Incoming,
    digest: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    uploads.delete(upload.id)
    const sending = { target: targetFor(upload.name, request), room, sent: () => {} }
    const length = Number(request.headers['content-length'] ?? 0)
    const known = upload.size === 0 && length > 0
    try {
      const early = known ? sendBlob(sending, upload.growing(digest, length)) : undefined
      // Its failure counts once the client has sent all, and that was right.
      early?.catch(() => {})
      await upload.add(request)
      const blob = await upload.finish(digest)
      if (blob === undefined) {
        return fail(response, 400, 'DIGEST_INVALID', `the content's digest is not ${digest}`)
      }
      const way = await (early ?? sendBlob(sending, blob))
      say(`${upload.name} ${digest} ${blob.size} ${way}`)
      response.setHeader('Location', `/v2/${upload.name}/blobs/${digest}`)
      response.setHeader('Docker-Content-Digest', digest)
      response.writeHead(201, { 'Content-Length': 0 }).end()
    } finally {
      await upload.discard()
    }
  }

  /** Whether the registry has mounted the blob. */
  const mounted = async (name: string, query: URLSearchParams, request: IncomingMessage) => {
    if (!query.has('mount')) return false
    const target = targetFor(name, request)
    const url = target.resolve(`blobs/uploads/?${query}`)
    return (await target.send({ method: 'POST', url })).status === 201
  }

  const start = async (
    name: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    if (!isName(name)) return fail(response, 400, 'NAME_INVALID', `invalid repository name`)
    if (await mounted(name, query, request)) {
      const digest = query.get('mount') ?? ''
      const headers = { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest }
      return void response.writeHead(201, { ...headers, 'Content-Length': 0 }).end()
    }
    const upload = receiveInto(directory, name)
    const digest = query.get('digest')
    if (digest !== null) return finish(upload, digest, request, response)
    await upload.add(request)
    uploads.set(upload.id, upload)
    describe(response, upload)
    response.writeHead(202, { 'Content-Length': 0 }).end()
  }

  const goOn = async (
    upload: Incoming,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    switch (request.method) {
      case 'GET':
        describe(response, upload)
        return void response.writeHead(204).end()
      case 'DELETE':
        uploads.delete(upload.id)
        await upload.discard()
        return void response.writeHead(204).end()
      case 'PATCH': {
        const first = request.headers['content-range']?.match(/^(?:bytes )?(\d+)-/)?.[1]
        if (first !== undefined && Number(first) !== upload.size) {
          describe(response, upload)
          return fail(response, 416, 'RANGE_INVALID', `continue at ${upload.size}`)
        }
        await upload.add(request)
        describe(response, upload)
        return void response.writeHead(202, { 'Content-Length': 0 }).end()
      }
      case 'PUT':
        return finish(upload, query.get('digest') ?? '', request, response)
      default:
        return fail(response, 405, 'UNSUPPORTED', `${request.method} is not allowed here`)
    }
  }

  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, name] = request.url?.match(/^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//) ?? []
    const shown = request.headers.authorization
    const authorization =
      shown === undefined && credentials !== undefined
        ? await ownFor(name ?? '').authorization()
        : undefined
    await passBack(origin, await passOn(http, origin, request, authorization), response)
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (isOfPage(request)) return fail(response, 403, 'DENIED', 'this proxy is not for web pages')
    // Behind the origin anything else might make it another host, which would get the credentials.
    if (!request.url?.startsWith('/')) return fail(response, 400, 'UNSUPPORTED', 'expected a path')
    const { pathname, searchParams } = new URL(request.url, 'http://proxy')
    const [, started] = pathname.match(START) ?? []
    if (request.method === 'POST' && started) return start(started, searchParams, request, response)
    const [, name, id = ''] = pathname.match(UPLOAD) ?? []
    const upload = uploads.get(id)
    if (upload?.name === name && upload) return goOn(upload, searchParams, request, response)
    return pass(request, response)
  }

  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      say(`${request.method} ${request.url?.replace(/\?.*/, '')} failed: ${message}`)
      if (response.headersSent) return response.destroy()
      const refused = error instanceof TransferError
      return fail(response, refused ? 403 : 502, refused ? 'DENIED' : 'UNAVAILABLE', message)
    })
  }
}
