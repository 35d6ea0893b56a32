/**
 * Requests to registries and stores, over connections that are kept.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { TransferError } from '../errors.ts'
import { shown } from './address.ts'
import { type Outgoing, openConnections } from './exchange.ts'

export type { Outgoing, Streamed } from './exchange.ts'

/** Milliseconds for which a connection may stand still: a registry that reads a blob back says nothing. */
const PATIENCE = 15 * 60_000
/** Connections to one host at a time. */
const CONNECTIONS = 32
/** Most bytes of a response that is read whole: manifests are smaller. */
const MOST = 8 * 1024 * 1024

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

/** The client was closed: whatever is still wanted comes too late. */
export class ClosedError extends TransferError {}

/** Reads a body that may be sent in chunks, so that nobody has said how large it is. */
const readWhole = async (incoming: IncomingMessage, tooLarge: () => Error): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > MOST) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

/**
 * Opens a client.
 *
 * @param userAgent as servers see it
 * @param patience milliseconds for which a connection may stand still
 */
export const createHttp = (userAgent: string, patience = PATIENCE): Http => {
  const connections = openConnections({ maxSockets: CONNECTIONS, timeout: patience })
  let closed = false

  const open: Http['open'] = async (outgoing) => {
    if (closed) throw new ClosedError(`${shown(outgoing.url)} is not asked any more`)
    const { response } = await connections.exchange(outgoing, (request) => {
      if (!request.hasHeader('User-Agent')) request.setHeader('User-Agent', userAgent)
      request.on('timeout', () =>
        request.destroy(new TransferError(`${shown(outgoing.url)} does not respond`)),
      )
    })
    return response
  }

  return {
    open,
    async send(outgoing) {
      const incoming = await open(outgoing)
      const tooLarge = (): TransferError => {
        incoming.destroy()
        return new TransferError(`the response of ${shown(outgoing.url)} is too large`)
      }
      if (Number(incoming.headers['content-length'] ?? 0) > MOST && outgoing.method !== 'HEAD') {
        throw tooLarge()
      }
      const body = await readWhole(incoming, tooLarge)
      return { status: incoming.statusCode ?? 0, headers: incoming.headers, body }
    },
    close() {
      closed = true
      connections.close()
    },
  }
}
