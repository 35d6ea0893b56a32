/**
 * A client that sends what it is told and follows nothing.
 *
 * @module
 */

import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Answer, Sent } from './host.ts'

const headersOf = (message: IncomingMessage): Headers => {
  const headers = new Headers()
  const { rawHeaders } = message
  for (let at = 0; at < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at] as string, rawHeaders[at + 1] as string)
  }
  return headers
}

/** Sends a request to a server. @param agent keeps connections between calls */
export const sendOver = async (agent: Agent, origin: string, sent: Sent): Promise<Answer> => {
  const { method, target, headers = {}, body } = sent
  const { hostname, port } = new URL(origin)
  const outgoing = request({ agent, hostname, port, method, path: target })
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value)
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
  if (body === undefined) {
    if (!['GET', 'HEAD', 'DELETE'].includes(method)) outgoing.setHeader('Content-Length', 0)
    outgoing.end()
  } else if (body instanceof Uint8Array) {
    if (!outgoing.hasHeader('Content-Length')) {
      outgoing.setHeader('Content-Length', body.byteLength)
    }
    outgoing.end(body)
  } else {
    const sending = pipeline(body, outgoing)
    // Once there is an answer, what becomes of the rest of the body is of no interest.
    sending.catch(() => {})
    await Promise.race([sending, answered])
  }
  const [incoming] = await answered
  outgoing.on('error', () => {})
  const { statusCode: status = 0 } = incoming
  const answer = { status, headers: headersOf(incoming), body: await buffer(incoming) }
  if (!outgoing.writableFinished) outgoing.destroy()
  return answer
}

/** An agent whose connections end with the test that made it. */
export const createAgent = (): Agent => new Agent({ keepAlive: true, maxSockets: 32 })
