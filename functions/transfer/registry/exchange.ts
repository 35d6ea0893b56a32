/**
 * One request and the head of its response: what all clients of this program stand on.
 *
 * @module
 */

import {
  type AgentOptions,
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TransferError } from '../errors.ts'
import { isHttp, shown } from './address.ts'

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
  /** Its path is sent as it is. */
  readonly url: string
  /** Several values become several header lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array | Streamed
}

/** Connections that are kept. */
export interface Connections {
  /**
   * Sends a request. Redirects are not followed. A server that refuses may respond, and close, before it has read
   * the body: the response counts.
   *
   * @param prepare is given the request before it is sent
   * @returns the response, whose body is still to be read
   * @throws Error that says what happened to the connection
   */
  exchange(
    outgoing: Outgoing,
    prepare?: (request: ClientRequest) => void,
  ): Promise<{ readonly request: ClientRequest; readonly response: IncomingMessage }>
  close(): void
}

/** All before the path of a URL. */
const AUTHORITY = /^\s*https?:[/\\]*[^/\\?#]*/i

/** Says where a body ends before it has what was announced: its server would wait for the rest. */
const watchEnd = (source: Readable, size: number, early: (why: Error) => void): void => {
  let left = size
  source.on('data', (chunk: Buffer) => {
    left -= chunk.length
  })
  source.once('end', () => {
    if (left > 0) early(new TransferError(`a body of ${size} bytes has ended ${left} bytes early`))
  })
}

/** Opens connections as they are needed. */
export const openConnections = (options: AgentOptions = {}): Connections => {
  const kept = { keepAlive: true, ...options }
  const schemes = {
    'http:': { send: requestHttp, agent: new HttpAgent(kept) },
    'https:': { send: requestHttps, agent: new HttpsAgent(kept) },
  }
  return {
    async exchange({ method, url, headers = {}, body }, prepare) {
      if (!isHttp(url)) throw new TransferError(`not an HTTP address: ${shown(url)}`)
      const { protocol, hostname, port } = new URL(url)
      const { send, agent } = schemes[protocol as keyof typeof schemes]
      // As given, not as URL normalizes it; a host may be written in other ways, as with the port of its scheme.
      const rest = url.replace(AUTHORITY, '')
      const path = rest.startsWith('/') ? rest : `/${rest}`
      // In brackets, an IPv6 address would be taken for a name.
      const name = hostname.replace(/^\[|\]$/g, '')
      const request = send({ agent, hostname: name, port, method, path })
      for (const [header, value] of Object.entries(headers)) request.setHeader(header, value)
      prepare?.(request)
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        request.on('error', reject).once('response', resolve)
        // What ends so is no error to Node, and nothing would ever come of it.
        request.once('upgrade', (_, socket) => {
          socket.destroy()
          reject(new TransferError(`${shown(url)} switches to another protocol`))
        })
        request.once('close', () => reject(new TransferError(`${shown(url)} gives no response`)))
      })
      answered.catch(() => {})
      let broken: unknown
      if (body === undefined || body instanceof Uint8Array) {
        if (body !== undefined || !['GET', 'HEAD', 'DELETE'].includes(method)) {
          request.setHeader('Content-Length', body?.byteLength ?? 0)
        }
        request.end(body)
      } else {
        const { size, passed } = body
        if (size !== undefined) request.setHeader('Content-Length', size)
        const source = body.open()
        // What is wrong with the body would be lost: a request that is given up says that it was hung up.
        source.once('error', (error) => {
          broken = error
        })
        if (passed !== undefined) source.on('data', (chunk: Buffer) => passed(chunk.length))
        if (size !== undefined) watchEnd(source, size, (why) => request.destroy(why))
        pipeline(source, request).catch((error: unknown) => {
          if (!request.destroyed) request.destroy(error as Error)
        })
      }
      const response = await answered.catch((error: unknown) => {
        throw broken ?? error
      })
      return { request, response }
    },
    close() {
      for (const { agent } of Object.values(schemes)) agent.destroy()
    },
  }
}
