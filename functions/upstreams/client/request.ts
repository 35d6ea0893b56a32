/**
 * One request to an upstream, and wherever it is redirected to.
 *
 * Every address is looked up once, checked, and connected to. What authorizes is sent to the upstream alone, never along
 * with a redirect. From https nothing leads to http.
 *
 * @module
 */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import {
  getFrom,
  headFrom,
  type KeptConnections,
  type Outgoing,
  postTo,
} from '../../shared/outgoing.ts'
import type { Allows } from '../../shared/private-addresses.ts'
import { readAll } from '../../storage/bytes.ts'
import { failureOf, UpstreamError, type UpstreamFailure } from './failure.ts'

/** Milliseconds that are waited for an upstream. */
export interface Patience {
  /** Until a response begins, redirects included. */
  readonly head: number
  /** While a body stands still. */
  readonly body: number
}

/** How an upstream is connected to. */
export interface Line {
  /** For messages. */
  readonly host: string
  readonly allows: Allows
  /** Undefined: each request has a connection of its own. */
  readonly kept: KeptConnections | undefined
  readonly patience: Patience
  /** Ends all requests, their bodies included. Asked for each. */
  readonly signal?: AbortSignal | undefined
  /** Certificates of authorities, PEM. Default: the platform's. */
  readonly ca?: string | undefined
  /** Is told what becomes of each request. */
  readonly told?: ((outcome: 'ok' | UpstreamFailure) => void) | undefined
}

export interface Ask {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Of a POST. */
  readonly body?: string
  /** Sent to this URL alone. */
  readonly authorization?: string | undefined
  /** Whether redirects are followed. Default: no. */
  readonly follow?: boolean
}

/** A response. Its body must be read or dropped. */
export interface Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Bytes as they come. It fails when they stand still, or end too early. */
  readonly body: AsyncIterable<Buffer>
  /** Reads it whole. @throws UpstreamError `wrong` when there are more bytes than that */
  read(most: number): Promise<Buffer>
  /** Ends it. */
  drop(): void
  /** When its body has been read or dropped. */
  readonly closed: Promise<void>
}

/** Most redirects that are followed. */
export const MAX_REDIRECTS = 5
/** Most bytes of a body that is read to its end so that its connection can be kept. */
const SMALL = 64 * 1024

const away = (host: string, cause: unknown): UpstreamError => {
  if (cause instanceof UpstreamError) return cause
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown }
  return new UpstreamError('away', `${host}: ${message || code || 'failed'}`, { cause })
}

const SENDERS = { GET: getFrom, HEAD: headFrom } as const

/** Where a redirect leads. @throws UpstreamError `wrong` */
export const nextOf = (
  host: string,
  from: URL,
  { headers }: Pick<IncomingMessage, 'headers'>,
): URL => {
  const to = URL.parse(headers.location ?? '', from.href)
  if (to === null || !/^https?:$/.test(to.protocol)) {
    throw new UpstreamError('wrong', `${host} redirects to no address`)
  }
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw new UpstreamError('wrong', `${host} redirects from https to ${to.origin}`)
  }
  return to
}

/** Whether a response leads elsewhere. */
export const isRedirectStatus = ({
  status,
  headers,
}: Pick<Response, 'status' | 'headers'>): boolean =>
  [301, 302, 303, 307, 308].includes(status) && headers.location !== undefined

const isRedirect = ({ statusCode: status = 0, headers }: IncomingMessage): boolean =>
  isRedirectStatus({ status, headers })

/** Reads what is small to its end, so that its connection can be kept, if that comes in time. */
const leave = (response: IncomingMessage, { patience }: Line): void => {
  response.on('error', () => {})
  if (!(Number(response.headers['content-length'] ?? Number.NaN) <= SMALL)) {
    response.destroy()
    return
  }
  response.resume()
  const timer = setTimeout(() => response.destroy(), patience.body).unref()
  response.once('close', () => clearTimeout(timer))
}

/** A body that may not stand still. Time that its reader takes does not count. */
async function* patient(
  { host, patience }: Line,
  response: IncomingMessage,
): AsyncGenerator<Buffer, undefined> {
  const iterator = response[Symbol.asyncIterator]()
  const stop = (): void => {
    response.destroy(new UpstreamError('away', `${host} sends nothing for ${patience.body} ms`))
  }
  try {
    for (;;) {
      const timer = setTimeout(stop, patience.body)
      const step = await iterator.next().finally(() => clearTimeout(timer))
      if (step.done) return undefined
      yield step.value
    }
  } catch (cause) {
    throw away(host, cause)
  } finally {
    response.destroy()
  }
}

/**
 * Sends a request.
 *
 * @throws UpstreamError `away` when there is no response, `wrong` when it leads astray
 */
export const ask = async (line: Line, asked: Ask): Promise<Response> => {
  const { host, allows, kept, patience, ca, signal: end } = line
  const late = new AbortController()
  const timer = setTimeout(
    () =>
      late.abort(new UpstreamError('away', `${host} does not respond within ${patience.head} ms`)),
    patience.head,
  )
  const signal = end ? AbortSignal.any([end, late.signal]) : late.signal
  const outgoing = (more: Readonly<Record<string, string>>): Outgoing => ({
    headers: { 'user-agent': 'slipway', 'accept-encoding': 'identity', ...asked.headers, ...more },
    privateAddresses: allows,
    ...(kept && { kept }),
    ca,
    signal,
  })
  const send = (url: URL, more: Readonly<Record<string, string>>): Promise<IncomingMessage> =>
    asked.method === 'POST'
      ? postTo(url, asked.body ?? '', outgoing(more))
      : SENDERS[asked.method](url, outgoing(more))
  try {
    let url = new URL(asked.url)
    const { authorization } = asked
    let response = await send(url, authorization === undefined ? {} : { authorization })
    for (let hops = 0; asked.follow && isRedirect(response); hops++) {
      leave(response, line)
      if (hops === MAX_REDIRECTS) throw new UpstreamError('wrong', `${host} redirects without end`)
      url = nextOf(host, url, response)
      response = await send(url, {})
    }
    const { statusCode = 0 } = response
    const opened = open(line, response)
    line.told?.(statusCode < 400 ? 'ok' : failureOf(statusCode))
    return opened
  } catch (cause) {
    const error = away(host, late.signal.aborted ? late.signal.reason : cause)
    if (!end?.aborted) line.told?.(error.failure)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

const open = (line: Line, response: IncomingMessage): Response => {
  const { headers, statusCode = 0 } = response
  const encoding = headers['content-encoding'] ?? 'identity'
  // What is no success is not read.
  if (encoding !== 'identity' && statusCode < 300) {
    response.destroy()
    throw new UpstreamError('wrong', `${line.host} sends what was not asked for: ${encoding}`)
  }
  const body = patient(line, response)
  const tooLarge = (most: number): UpstreamError => {
    response.destroy()
    return new UpstreamError('wrong', `${line.host} sends more than ${most} bytes`)
  }
  return {
    status: statusCode,
    headers,
    body,
    async read(most) {
      if (Number(headers['content-length'] ?? 0) > most) throw tooLarge(most)
      try {
        return await readAll(body, most)
      } catch (cause) {
        throw cause instanceof RangeError ? tooLarge(most) : cause
      }
    },
    drop: () => leave(response, line),
    closed: new Promise((resolve) => response.once('close', resolve)),
  }
}
