/**
 * Plain HTTP requests as registry clients write them. The path is sent as it is, headers may repeat,
 * redirects are not followed, and details that clients usually hide are kept.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { addAbortSignal, Readable } from 'node:stream'
import { type Streamed as Opened, openConnections } from '../../transfer/registry/exchange.ts'

/** Milliseconds that a request and its response may stand still. */
const PATIENCE = 60_000
/** Bytes of a chunk of a body. */
const CHUNK = 64 * 1024

/** A body that is made while it is sent. */
export interface Streamed {
  /** In bytes. */
  readonly size: number
  /** Its bytes, the same each time. */
  chunks(): Iterable<Buffer>
}

/** A request. */
export interface Asked {
  readonly method: string
  readonly url: string
  /** Several values become several header lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Buffer | Streamed
  /** Whether the body goes in chunks without a Content-Length. */
  readonly chunked?: boolean
}

/** A response. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  /** Names of the headers as they were written, once for each line. */
  readonly names: readonly string[]
  readonly body: Buffer
  /** Milliseconds from the start of the request to the head of the response. */
  readonly ms: number
  /** Whether the response came before the body was sent. */
  readonly early: boolean
  /** Whether the connection had been used before. */
  readonly reused: boolean
}

/** A client with connections of its own. */
export interface Client {
  /** @throws Error that says what happened to the connection */
  send(asked: Asked): Promise<Reply>
  close(): void
}

const streamed = (body: Buffer | Streamed): Streamed =>
  Buffer.isBuffer(body)
    ? {
        size: body.length,
        *chunks() {
          for (let at = 0; at < body.length; at += CHUNK) yield body.subarray(at, at + CHUNK)
        },
      }
    : body

/** A body whose bytes are sent as they are made. @param moved is told each time that some are */
const opened = (body: Buffer | Streamed, chunked = false, moved: () => void): Opened => {
  const { size, chunks } = streamed(body)
  return { size: chunked ? undefined : size, open: () => Readable.from(chunks()), passed: moved }
}

const received = async (incoming: IncomingMessage, moved: () => void): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) {
    moved()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const headersOf = ({ rawHeaders }: IncomingMessage): Pick<Reply, 'headers' | 'names'> => {
  const headers = new Headers()
  const names: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    names.push(rawHeaders[at]!)
    headers.append(rawHeaders[at]!, rawHeaders[at + 1]!)
  }
  return { headers, names }
}

/** Makes a client; its connections are kept open between requests. */
export const createClient = (): Client => {
  const connections = openConnections()

  const send = async ({ body, chunked, ...asked }: Asked): Promise<Reply> => {
    const started = performance.now()
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(), PATIENCE)
    const moved = (): void => void timer.refresh()
    try {
      const outgoing = body === undefined ? asked : { ...asked, body: opened(body, chunked, moved) }
      const { request, response } = await connections.exchange(outgoing, (prepared) =>
        addAbortSignal(patience.signal, prepared),
      )
      const ms = performance.now() - started
      const early = !request.writableFinished
      const reply = {
        status: response.statusCode ?? 0,
        ...headersOf(response),
        body: await received(response, moved),
        ms,
        early,
        reused: request.reusedSocket,
      }
      if (!request.writableFinished) request.destroy()
      return reply
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    send: async (asked) => {
      try {
        return await send(asked)
      } catch (cause) {
        if (cause instanceof Error && cause.name === 'AbortError') {
          throw new Error(`nothing moved for ${PATIENCE / 1000} s`, { cause })
        }
        throw cause
      }
    },
    close: connections.close,
  }
}
