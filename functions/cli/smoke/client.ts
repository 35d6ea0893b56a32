/**
 * Plain HTTP requests as registry clients write them. The path is sent as it is, headers may repeat,
 * redirects are not followed, and details that clients usually hide are kept.
 *
 * @module
 */

import { once } from 'node:events'
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { buffer } from 'node:stream/consumers'

/** Milliseconds that a request with its response may take. */
const PATIENCE = 60_000
/** Bytes of a chunk of a body without a Content-Length. */
const CHUNK = 64 * 1024

/** A request. */
export interface Asked {
  readonly method: string
  readonly url: string
  /** Several values become several header lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Buffer
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

function* chunksOf(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += CHUNK) yield body.subarray(at, at + CHUNK)
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
    const outgoing = request({
      agent: agents[protocol],
      hostname,
      port,
      method,
      // As given, not as URL normalizes it: some checks are about encoded characters.
      path: url.slice(url.indexOf(host) + host.length) || '/',
      signal: AbortSignal.timeout(PATIENCE),
    })
    for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value)
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
    if (body === undefined) {
      if (!['GET', 'HEAD', 'DELETE'].includes(method)) outgoing.setHeader('Content-Length', 0)
      outgoing.end()
    } else if (chunked) {
      for (const chunk of chunksOf(body)) outgoing.write(chunk)
      outgoing.end()
    } else {
      outgoing.setHeader('Content-Length', body.length)
      outgoing.end(body)
    }
    const [incoming] = await answered
    const ms = performance.now() - started
    const early = !outgoing.writableFinished
    // A peer that responded early may close the connection while the rest is still being sent.
    outgoing.on('error', () => {})
    const reply = {
      status: incoming.statusCode ?? 0,
      ...headersOf(incoming),
      body: await buffer(incoming),
      ms,
      early,
      reused: outgoing.reusedSocket,
    }
    if (!outgoing.writableFinished) outgoing.destroy()
    return reply
  }

  return {
    send: async (asked) => {
      try {
        return await send(asked)
      } catch (cause) {
        if (cause instanceof Error && cause.name === 'AbortError') {
          throw new Error(`no response within ${PATIENCE / 1000} s`, { cause })
        }
        throw cause
      }
    },
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}
