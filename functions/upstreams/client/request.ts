/**
 * One request to an upstream, and wherever it is redirected to.
 *
 * Every address is looked up once, checked, and connected to. What authorizes is sent to the upstream alone, never along
 * with a redirect. From https nothing leads to http.
 *
 * @module
 */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import {
  getFrom,
  headFrom,
  type KeptConnections,
  type Outgoing,
  postTo,
  putTo,
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
  /** Until a response begins to a body that was sent: an upstream may read it all again. Default: 15 minutes. */
  readonly stored?: number
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
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Of a POST, or a PUT. */
  readonly body?: string | Uint8Array
  /** Of a PUT: makes a body that is read as it is sent. */
  readonly open?: (() => AsyncIterable<Uint8Array>) | undefined
  /** Milliseconds until a response begins to such a body. Default, and at most: {@link Patience.stored}. */
  readonly stored?: number
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
/** See {@link Patience.stored}. */
const STORED = 15 * 60_000

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

/** Ends what an upstream is too slow for. */
const createDeadline = (host: string) => {
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let over = false
  return {
    signal: late.signal,
    /** From now on. */
    within(milliseconds: number, fault = `does not respond within ${milliseconds} ms`): void {
      clearTimeout(timer)
      if (over) return
      const error = new UpstreamError('away', `${host} ${fault}`)
      timer = setTimeout(() => late.abort(error), milliseconds)
    },
    /** Time that somebody else takes does not count. */
    clear: () => clearTimeout(timer),
    end(): void {
      over = true
      clearTimeout(timer)
    },
  }
}

/** A body that an upstream may not leave standing. Time that its source takes does not count. */
async function* sending(
  { patience }: Line,
  open: () => AsyncIterable<Uint8Array>,
  deadline: ReturnType<typeof createDeadline>,
  failed: (error: unknown) => void,
): AsyncGenerator<Uint8Array, undefined> {
  const wait = () => deadline.within(patience.body, `takes nothing for ${patience.body} ms`)
  deadline.clear()
  try {
    for await (const chunk of open()) {
      wait()
      yield chunk
      deadline.clear()
    }
  } catch (error) {
    failed(error)
    throw error
  }
  // The last of it is read before it goes, perhaps before there is a connection.
  wait()
  return undefined
}

/**
 * Sends a request.
 *
 * @throws what reading a body to be sent throws
 * @throws UpstreamError `away` when there is no response, `wrong` when it leads astray
 */
export const ask = async (line: Line, asked: Ask): Promise<Response> => {
  const { host, allows, kept, patience, ca, signal: end } = line
  const deadline = createDeadline(host)
  deadline.within(patience.head)
  const signal = end ? AbortSignal.any([end, deadline.signal]) : deadline.signal
  const outgoing = (more: Readonly<Record<string, string>>): Outgoing => ({
    headers: { 'user-agent': 'slipway', 'accept-encoding': 'identity', ...asked.headers, ...more },
    privateAddresses: allows,
    ...(kept && { kept }),
    ca,
    signal,
  })
  /** Of what was to be sent: no failure of the upstream. */
  let fault: { readonly error: unknown } | undefined
  const send = (url: URL, more: Readonly<Record<string, string>>): Promise<IncomingMessage> => {
    const { method, body = '', open: openBody, stored = Number.POSITIVE_INFINITY } = asked
    if (method === 'POST') return postTo(url, body.toString(), outgoing(more))
    if (method !== 'PUT') return SENDERS[method](url, outgoing(more))
    const failed = (error: unknown) => {
      fault = { error }
    }
    const streamed =
      openBody && Readable.from(sending(line, openBody, deadline, failed), { objectMode: false })
    const gone = () => deadline.within(Math.min(stored, patience.stored ?? STORED))
    return streamed
      ? putTo(url, streamed, { ...outgoing(more), gone })
      : putTo(url, Buffer.from(body), outgoing(more))
  }
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
    if (fault) throw fault.error
    const error = away(host, deadline.signal.aborted ? deadline.signal.reason : cause)
    if (!end?.aborted) line.told?.(error.failure)
    throw error
  } finally {
    deadline.end()
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
