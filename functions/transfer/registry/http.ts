/**
 * Requests to registries and stores, over connections that are kept.
 *
 * @module
 */

import { once } from 'node:events'
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

import { TransferError } from '../errors.ts'

/** Milliseconds for which a connection may stand still: a registry that reads a blob back says nothing. */
const PATIENCE = 15 * 60_000
/** Connections to one host at a time. */
const CONNECTIONS = 24
/** Most bytes of a response that is read whole: manifests are smaller. */
const MOST = 8 * 1024 * 1024

/** A body that is made when it is sent. */
export interface Streamed {
  /** In bytes; undefined if not known, and then it is sent in chunks. */
  readonly size: number | undefined
  readonly open: () => Readable
  /** Is told of bytes as they are sent. */
  readonly passed?: (bytes: number) => void
}

/** A request. */
export interface Outgoing {
  readonly method: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | Streamed
}

/** A response, read whole. */
export interface Reply {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** What stands for a response where there is none. */
export const NO_REPLY: Reply = { status: 0, headers: {}, body: Buffer.alloc(0) }

/** Sends requests. Redirects are not followed. */
export interface Http {
  /** Sends a request, and reads the response whole. @throws Error that says what happened */
  send(outgoing: Outgoing): Promise<Reply>
  /** Sends a request; the caller reads the response's body, or destroys it. */
  open(outgoing: Outgoing): Promise<IncomingMessage>
  close(): void
}

/** What an URL may look like in messages: its query may authorize whoever reads it. */
export const shown = (url: string): string => url.replace(/\?.*/, '')

/** The client was closed: whatever is still wanted comes too late. */
export class ClosedError extends TransferError {}

/** Opens a client. @param userAgent as servers see it */
export const createHttp = (userAgent: string): Http => {
  const options = { keepAlive: true, maxSockets: CONNECTIONS, timeout: PATIENCE }
  const agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) }

  let closed = false

  const open = async ({ method, url, headers = {}, body }: Outgoing): Promise<IncomingMessage> => {
    if (closed) throw new ClosedError(`${shown(url)} is not asked any more`)
    const { protocol } = new URL(url)
    if (protocol !== 'http:' && protocol !== 'https:')
      throw new Error(`not an HTTP address: ${url}`)
    const request = protocol === 'http:' ? requestHttp : requestHttps
    const outgoing = request(url, { method, agent: agents[protocol] })
    outgoing.setHeader('User-Agent', userAgent)
    for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value)
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${shown(url)} does not respond`)))
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
    if (body === undefined || body instanceof Uint8Array) {
      if (body !== undefined || !['GET', 'HEAD', 'DELETE'].includes(method)) {
        outgoing.setHeader('Content-Length', body?.byteLength ?? 0)
      }
      outgoing.end(body)
    } else {
      if (body.size !== undefined) outgoing.setHeader('Content-Length', body.size)
      // A server that refuses may respond, and close, before it has read the body: the response counts.
      const { passed } = body
      const source = body.open()
      if (passed !== undefined) source.on('data', (chunk: Buffer) => passed(chunk.length))
      pipeline(source, outgoing).catch((error: unknown) => {
        if (!outgoing.destroyed) outgoing.destroy(error as Error)
      })
    }
    const [incoming] = await answered
    outgoing.on('error', () => {})
    return incoming
  }

  return {
    open,
    async send(outgoing) {
      const incoming = await open(outgoing)
      if (Number(incoming.headers['content-length'] ?? 0) > MOST && outgoing.method !== 'HEAD') {
        incoming.destroy()
        throw new Error(`the response of ${shown(outgoing.url)} is too large`)
      }
      const body = await buffer(incoming)
      return { status: incoming.statusCode ?? 0, headers: incoming.headers, body }
    },
    close() {
      closed = true
      agents['http:'].destroy()
      agents['https:'].destroy()
    },
  }
}
