/**
 * The gateway's side of a connection: requests as it receives them, and its answers.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../../support/hosts/host.ts'
import type { Received } from './event.ts'
import { readBody, refuseEarly, tooLarge } from './gateway.ts'

/** Milliseconds that what a client still sends is read and dropped. */
const LINGER = 5_000

/** What the gateway's server must let through, so that the gateway refuses it itself. */
export const SERVER_OPTIONS = { maxHeaderSize: 64 * 1024, requestTimeout: 0 } as const

/** Headers between a client and the gateway alone. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade']

const headOf = (incoming: IncomingMessage): Omit<Received, 'body'> => {
  const { method = '', url = '', headersDistinct, socket } = incoming
  const headers = Object.entries(headersDistinct)
    .filter(([name]) => !HOP_BY_HOP.includes(name))
    .map(([name, values = []]) => [name, values.join(', ')])
  return {
    method,
    target: url,
    headers: Object.fromEntries(headers),
    sourceIp: socket.remoteAddress ?? '',
    domain: incoming.headers.host ?? '',
  }
}

/** Receives a request whole. @returns the gateway's own answer to one that is over its limits */
export const receive = async (
  incoming: IncomingMessage,
): Promise<{ readonly received: Received } | { readonly refused: Answer }> => {
  const head = headOf(incoming)
  const refused = refuseEarly(head)
  if (refused) return { refused }
  const body = await readBody(incoming.iterator({ destroyOnReturn: false }))
  if (body === undefined) return { refused: tooLarge() }
  const chunked = incoming.headers['transfer-encoding'] !== undefined
  const headers = chunked
    ? { ...head.headers, 'content-length': String(body.byteLength) }
    : head.headers
  return { received: { ...head, headers, body } }
}

/**
 * Answers. A client that still sends is read on for a while: a connection that ends under its hands
 * would keep the answer from it.
 */
export const write = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: Answer,
): void => {
  for (const [name, value] of answer.headers) outgoing.setHeader(name, value)
  outgoing.writeHead(answer.status)
  if (incoming.complete) {
    outgoing.end(answer.body)
    return
  }
  // Ended, a connection that is not to be kept would be closed at once.
  outgoing.write(answer.body)
  const end = () => outgoing.end()
  const timer = setTimeout(() => incoming.socket.destroy(), LINGER)
  incoming
    .once('end', end)
    .once('close', () => clearTimeout(timer))
    .resume()
}
