/**
 * Requests from CloudFront to an origin.
 *
 * @module
 */

import { type Agent, type IncomingMessage, request as requestTo } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Behaviour } from './config.ts'
import { headersTo, targetTo } from './forward.ts'
import { refusal, type Whole } from './refuse.ts'
import type { Header, Viewer } from './viewer.ts'

/** Where an origin is in tests. */
export interface Reached {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** The name it is asked by, where it must be another than its domain: presigned URLs are for one. */
  readonly host?: string
  /** Put before every path, as an origin's path is. */
  readonly path?: string
}

/** Sends a request on, its body as it comes. @returns the answer, or one of CloudFront's own */
export const askOrigin = (
  agent: Agent,
  { url, host, path = '' }: Reached,
  behaviour: Behaviour,
  viewer: Viewer,
  incoming: IncomingMessage,
): Promise<IncomingMessage | Whole> =>
  new Promise((resolve) => {
    const { id, readTimeout } = behaviour.origin
    const headers = headersTo(behaviour, viewer).map(
      ([name, value]): Header => [name, name === 'host' && host !== undefined ? host : value],
    )
    const { hostname, port } = new URL(url)
    const outgoing = requestTo(
      {
        agent,
        hostname,
        port,
        method: viewer.method,
        path: path + targetTo(behaviour, viewer.target),
        headers: headers.flat(),
      },
      resolve,
    )
    outgoing.on('error', (error) => resolve(refusal(502, `${id}: ${error.message}`)))
    // "Origin response timeout": for the first byte, and between any two.
    outgoing.setTimeout(readTimeout, () => {
      resolve(refusal(504, `${id} took too long`))
      outgoing.destroy()
    })
    pipeline(incoming, outgoing).catch(() => outgoing.destroy())
  })
