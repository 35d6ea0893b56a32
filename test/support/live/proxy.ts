/**
 * An HTTP proxy on loopback that forwards everything unchanged, records it, and can break off a
 * response in the middle, as a bad network does.
 *
 * @module
 */

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** One request and its response, as far as it got. */
export interface Exchange {
  readonly method: string
  readonly url: string
  readonly range: string | undefined
  readonly contentRange: string | undefined
  readonly userAgent: string
  /** Scheme of the credentials. */
  readonly authorization: string | undefined
  /** Content-Length of the request. */
  readonly declared: number | undefined
  /** The source of a copy on S3. */
  readonly copySource: string | undefined
  /** Start in milliseconds, by `performance.now`. */
  readonly start: number
  /** When the last byte of the response was forwarded, by the same clock; infinite until then. */
  end: number
  requestBytes: number
  status: number
  /** Content-Length of the response; 0 if it had none. */
  length: number
  responseBytes: number
  cut: boolean
}

export interface RecordingProxy {
  readonly address: string
  readonly exchanges: readonly Exchange[]
  /** Breaks the connection after `bytes` of the body of the next response that matches; once. */
  cutNext(matches: (exchange: Exchange) => boolean, bytes: number): void
  close(): Promise<void>
}

export interface ProxyOptions {
  /** Milliseconds that each request waits before it is forwarded. Default: 0. */
  readonly delay?: number
  /** Whether the Host header becomes the target, for one that answers under its own name only. */
  readonly named?: boolean
  /** The User-Agent becomes this one. */
  readonly userAgent?: string
}

const asNumber = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : Number(value)

const counting = (count: (bytes: number) => void): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count(chunk.length)
      done(null, chunk)
    },
  })

/** Header lines, one after another, with other values of some, by name in lower case. */
const withValues = (lines: readonly string[], values: ReadonlyMap<string, string>): string[] =>
  lines.map((each, at) =>
    at % 2 === 1 ? (values.get(lines[at - 1]?.toLowerCase() ?? '') ?? each) : each,
  )

/** Starts a proxy in front of `target` (`host:port`). Other headers are forwarded unchanged. */
export const startProxy = async (
  target: string,
  { delay = 0, named = false, userAgent }: ProxyOptions = {},
): Promise<RecordingProxy> => {
  const changed = new Map([
    ...(named ? [['host', target] as const] : []),
    ...(userAgent === undefined ? [] : [['user-agent', userAgent] as const]),
  ])
  const { hostname, port } = new URL(`http://${target}`)
  const exchanges: Exchange[] = []
  let cut: { matches: (exchange: Exchange) => boolean; bytes: number } | undefined

  const respond = async (
    exchange: Exchange,
    upstream: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    exchange.status = upstream.statusCode ?? 0
    exchange.length = Number(upstream.headers['content-length'] ?? 0)
    const limit = cut?.matches(exchange) ? cut.bytes : Number.POSITIVE_INFINITY
    if (limit !== Number.POSITIVE_INFINITY) cut = undefined
    response.writeHead(exchange.status, upstream.statusMessage, upstream.rawHeaders)
    const body = counting((bytes) => {
      exchange.responseBytes += bytes
      if (exchange.responseBytes <= limit) return
      exchange.cut = true
      response.destroy()
    })
    await pipeline(upstream, body, response)
    exchange.end = performance.now()
  }

  const server = createServer(async (incoming, response) => {
    const exchange: Exchange = {
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      range: incoming.headers.range,
      contentRange: incoming.headers['content-range'],
      userAgent: incoming.headers['user-agent'] ?? '',
      authorization: incoming.headers.authorization?.split(' ', 1)[0],
      declared: asNumber(incoming.headers['content-length']),
      copySource: incoming.headers['x-amz-copy-source'] as string | undefined,
      start: performance.now(),
      end: Number.POSITIVE_INFINITY,
      requestBytes: 0,
      status: 0,
      length: 0,
      responseBytes: 0,
      cut: false,
    }
    exchanges.push(exchange)
    if (delay > 0) await sleep(delay)
    const outgoing = request({
      hostname,
      port,
      method: incoming.method,
      path: incoming.url,
      headers: withValues(incoming.rawHeaders, changed),
    })
    const body = counting((bytes) => {
      exchange.requestBytes += bytes
    })
    incoming.pipe(body).pipe(outgoing)
    // A client that hangs up must not leave its request open behind the proxy.
    incoming.on('close', () => incoming.complete || outgoing.destroy())
    outgoing.on('error', () => exchange.status === 0 && response.destroy())
    // After a response that came before the end of the request's body, the proxy must read the rest:
    // unread, it would block the connection for the client's next request.
    outgoing.on('close', () => {
      incoming.unpipe()
      incoming.resume()
    })
    outgoing.on('response', (upstream) => {
      respond(exchange, upstream, response).catch(() => outgoing.destroy())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return {
    address: `127.0.0.1:${address.port}`,
    exchanges,
    cutNext: (matches, bytes) => {
      cut = { matches, bytes }
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
