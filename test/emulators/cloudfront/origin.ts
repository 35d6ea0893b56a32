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
  /**
   * Signs requests of CloudFront's own, where its access control does: the target to ask for instead. Real
   * ones are signed in headers, with all that begin with `x-amz-`.
   */
  readonly sign?: (method: string, target: string) => Promise<string>
}

/** Sends a request on, its body as it comes. @returns the answer, or one of CloudFront's own */
export const askOrigin = async (
  agent: Agent,
  { url, host, path = '', sign }: Reached,
  behaviour: Behaviour,
  viewer: Viewer,
  incoming: IncomingMessage,
): Promise<IncomingMessage | Whole> => {
  const { id, readTimeout, signs } = behaviour.origin
  const signed = signs && sign !== undefined
  const headers = headersTo(behaviour, viewer)
    .filter(([name]) => !(signed && (name === 'authorization' || name.startsWith('x-amz-'))))
    .map(([name, value]): Header => [name, name === 'host' && host !== undefined ? host : value])
  const { hostname, port } = new URL(url)
  const plain = targetTo(behaviour, viewer.target)
  const target = signed ? await sign(viewer.method, plain) : path + plain
  const bodiless = ['GET', 'HEAD'].includes(viewer.method)
  return new Promise((resolve) => {
    const ask = (): void => {
      const outgoing = requestTo(
        {
          agent,
          hostname,
          port,
          method: viewer.method,
          path: target,
          headers: headers.flat(),
        },
        resolve,
      )
      outgoing.on('error', (error) => {
        // A kept connection that the origin has closed meanwhile: such requests are sent again.
        if (bodiless && outgoing.reusedSocket) ask()
        else resolve(refusal(502, `${id}: ${error.message}`))
      })
      // "Origin response timeout": for the first byte, and between any two.
      outgoing.setTimeout(readTimeout, () => {
        resolve(refusal(504, `${id} took too long`))
        outgoing.destroy()
      })
      if (bodiless) outgoing.end()
      else pipeline(incoming, outgoing).catch(() => outgoing.destroy())
    }
    ask()
  })
}
