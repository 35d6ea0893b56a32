/**
 * A distribution as a server on loopback, for real clients. Bodies of any size pass through as they come.
 *
 * @module
 */

import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type Cache, createCache, keyOf, partOf, ttlOf } from './cache.ts'
import type { Behaviour, Distribution, Origin } from './config.ts'
import { EdgeFunctionError, type KeyValues, viewerRequest, viewerResponse } from './functions.ts'
import { type OriginResponse, originResponse } from './lambda-edge.ts'
import { behaviourFor } from './match.ts'
import { askOrigin, type Reached } from './origin.ts'
import { refusal, refuseEarly, refuseMethod } from './refuse.ts'
import { isSigned, withoutSignature } from './signed.ts'
import { type Header, splitTarget, type Viewer, viewerOf } from './viewer.ts'

export interface CloudFrontOptions {
  readonly distribution: Distribution
  readonly reach: (origin: Origin) => Reached
  /** Lambda@Edge. */
  readonly originResponse?: OriginResponse
  /** Values by key, of each key-value store by its logical name. */
  readonly keyValues?: Readonly<Record<string, KeyValues>>
  /** Clock in milliseconds. */
  readonly now?: () => number
}

/** A request and where its answer came from. */
export interface Passed {
  readonly method: string
  readonly target: string
  readonly userAgent: string
  readonly status: number
  /** Id of the origin, or `cache`, or `edge`. */
  readonly by: string
}

export interface CloudFront {
  readonly url: string
  /** `host:port` */
  readonly address: string
  readonly passed: readonly Passed[]
  readonly cache: Cache
  stop(): Promise<void>
}

/** Between two neighbours alone. */
const HOP_BY_HOP = /^(?:connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*)$/

interface Answer {
  readonly status: number
  readonly headers: readonly Header[]
  readonly body: Buffer | IncomingMessage
  readonly by: string
}

const headersOf = ({ headersDistinct }: IncomingMessage): Header[] =>
  Object.entries(headersDistinct)
    .filter(([name]) => !HOP_BY_HOP.test(name))
    .flatMap(([name, values = []]) => values.map((value): Header => [name, value]))

/** Starts a distribution. */
export const startCloudFront = async (options: CloudFrontOptions): Promise<CloudFront> => {
  const { distribution, now = Date.now } = options
  const cache = createCache(now)
  const agent = new Agent({ keepAlive: true })
  const passed: Passed[] = []

  const fromOrigin = async (
    behaviour: Behaviour,
    viewer: Viewer,
    incoming: IncomingMessage,
  ): Promise<Answer> => {
    const { id } = behaviour.origin
    const said = await askOrigin(
      agent,
      options.reach(behaviour.origin),
      behaviour,
      viewer,
      incoming,
    )
    if ('body' in said) return { ...said, by: 'edge' }
    const status = said.statusCode ?? 502
    const answer: Answer = { status, headers: headersOf(said), body: said, by: id }
    if (!behaviour.originResponse || options.originResponse === undefined) return answer
    const { headers } = answer
    const changed = await originResponse(options.originResponse, viewer, status, headers)
    if (changed.body !== undefined) said.resume()
    return { ...answer, ...changed }
  }

  /** Asks the cache, then the origin; keeps what may be kept. */
  const lookUp = async (
    behaviour: Behaviour,
    viewer: Viewer,
    incoming: IncomingMessage,
  ): Promise<Answer> => {
    const key = keyOf(behaviour, viewer)
    const { method } = viewer
    const reads = ['GET', 'HEAD'].includes(method)
    const found = reads ? cache.find(key, method) : undefined
    const range = viewer.headers.find(([name]) => name === 'range')?.[1]
    // "Range GETs": a part of what is kept, if all of it is.
    if (found) return { ...(range === undefined ? found : partOf(found, range)), by: 'cache' }
    const answer = await fromOrigin(behaviour, viewer, incoming)
    if (range !== undefined || answer.status === 304) return answer
    const ttl = ttlOf(behaviour, distribution, method, answer.status, answer.headers)
    if (ttl <= 0) return answer
    const body = Buffer.isBuffer(answer.body) ? answer.body : await buffer(answer.body)
    cache.keep(key, method, { ...answer, body }, ttl)
    return { ...answer, body }
  }

  const answerTo = async (viewer: Viewer, incoming: IncomingMessage): Promise<Answer> => {
    const early = refuseEarly(viewer)
    if (early) return { ...early, by: 'edge' }
    const behaviour = behaviourFor(distribution.behaviours, splitTarget(viewer.target)[0])
    const refused = refuseMethod(behaviour, viewer.method)
    if (refused) return { ...refused, by: 'edge' }
    const { keys, viewerRequest: before, viewerResponse: after } = behaviour
    if (keys && !isSigned(`http://${incoming.headers.host}`, viewer.target, keys, now())) {
      return { ...refusal(403, 'MissingKey'), by: 'edge' }
    }
    const asked = keys ? { ...viewer, target: withoutSignature(viewer.target) } : viewer
    const values = options.keyValues?.[behaviour.keyValues ?? '']
    const changed = before ? await viewerRequest(before, asked, values) : asked
    const answer = await lookUp(behaviour, changed, incoming)
    // "CloudFront doesn't invoke edge functions for viewer response events" from 400 on.
    if (after === undefined || answer.status >= 400) return answer
    const headers = await viewerResponse(after, changed, answer.status, answer.headers)
    return { ...answer, headers }
  }

  const write = async (
    { method }: IncomingMessage,
    outgoing: ServerResponse,
    { status, headers, body }: Answer,
  ): Promise<void> => {
    for (const [name, value] of headers) outgoing.appendHeader(name, value)
    outgoing.writeHead(status)
    if (method === 'HEAD') {
      if (!Buffer.isBuffer(body)) body.resume()
      outgoing.end()
    } else if (Buffer.isBuffer(body)) outgoing.end(body)
    else await pipeline(body, outgoing).catch(() => outgoing.destroy())
  }

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const viewer = viewerOf(incoming)
    const answer = await answerTo(viewer, incoming).catch((error): Answer => {
      const status = error instanceof EdgeFunctionError ? 502 : 500
      return { ...refusal(status, String(error)), by: 'edge' }
    })
    const { method, target } = viewer
    const userAgent = incoming.headers['user-agent'] ?? ''
    passed.push({ method, target, userAgent, status: answer.status, by: answer.by })
    await write(incoming, outgoing, answer)
  }

  const server = createServer({ maxHeaderSize: 64 * 1024, requestTimeout: 0 }, serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${address}`,
    address,
    passed,
    cache,
    stop: async () => {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
