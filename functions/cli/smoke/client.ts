/**
 * Plain HTTP requests as registry clients write them. The path is sent as it is, headers may repeat,
 * redirects are not followed, and details that clients usually hide are kept.
 *
 * @module
 */

import { once } from 'node:events'
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

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

/** Passes on what goes by, and says each time that something does. */
function* watched(chunks: Iterable<Buffer>, moved: () => void): Generator<Buffer> {
  for (const chunk of chunks) {
    moved()
    yield chunk
  }
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
  const agents = {
    'http:': new HttpAgent({ keepAlive: true }),
    'https:': new HttpsAgent({ keepAlive: true }),
  }

  const send = async ({ method, url, headers = {}, body, chunked }: Asked): Promise<Reply> => {
    const { protocol, host, hostname, port } = new URL(url)
    if (protocol !== 'http:' && protocol !== 'https:')
      throw new Error(`not an HTTP address: ${url}`)
    const request = protocol === 'http:' ? requestHttp : requestHttps
    const started = performance.now()
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(), PATIENCE)
    const moved = (): void => void timer.refresh()
    try {
      const outgoing = request({
        agent: agents[protocol],
        hostname,
        port,
        method,
        // As given, not as URL normalizes it: some checks are about encoded characters.
        path: url.slice(url.indexOf(host) + host.length) || '/',
        signal: patience.signal,
      })
      for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value)
      const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
      if (body === undefined) {
        if (!['GET', 'HEAD', 'DELETE'].includes(method)) outgoing.setHeader('Content-Length', 0)
        outgoing.end()
      } else {
        const { size, chunks } = streamed(body)
        if (!chunked) outgoing.setHeader('Content-Length', size)
        // What fails here fails below, too, unless there is a response.
        pipeline(Readable.from(watched(chunks(), moved)), outgoing).catch(() => {})
      }
      const [incoming] = await answered
      const ms = performance.now() - started
      const early = !outgoing.writableFinished
      // A peer that responded early may close the connection while the rest is still being sent.
      outgoing.on('error', () => {})
      const reply = {
        status: incoming.statusCode ?? 0,
        ...headersOf(incoming),
        body: await received(incoming, moved),
        ms,
        early,
        reused: outgoing.reusedSocket,
      }
      if (!outgoing.writableFinished) outgoing.destroy()
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
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}
