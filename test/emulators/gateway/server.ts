/**
 * The gateway as a server on loopback, for real clients.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Answer } from '../../support/hosts/host.ts'
import { refusal } from './answer.ts'
import type { Received } from './event.ts'
import type { Invoke } from './function.ts'
import { type GatewayOptions, pass, readBody, refuseEarly, tooLarge } from './gateway.ts'
import type { GatewayHabits } from './habits.ts'

/** Milliseconds that what a client still sends is read and dropped. */
const LINGER = 5_000

/** Headers between a client and the gateway alone. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade']

/** A request and how it was answered. */
export interface Passed {
  readonly method: string
  readonly target: string
  readonly userAgent: string
  readonly status: number
}

export interface GatewayServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** `host:port` */
  readonly address: string
  /** All that was answered so far, in this order. */
  readonly passed: readonly Passed[]
  stop(): Promise<void>
}

export interface GatewayServerOptions {
  readonly habits: GatewayHabits
  /** Makes what is invoked. @param url where clients find the gateway */
  readonly open: (url: string) => Invoke | Promise<Invoke>
  /** See GatewayOptions. */
  readonly timeout?: number
}

const receivedBy = (incoming: IncomingMessage): Omit<Received, 'body'> => {
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

const answerTo = async (options: GatewayOptions, incoming: IncomingMessage): Promise<Answer> => {
  const received = receivedBy(incoming)
  const refused = refuseEarly(received)
  if (refused) return refused
  const body = await readBody(incoming.iterator({ destroyOnReturn: false }))
  if (body === undefined) return tooLarge()
  const chunked = incoming.headers['transfer-encoding'] !== undefined
  const headers = chunked
    ? { ...received.headers, 'content-length': String(body.byteLength) }
    : received.headers
  return pass(options, { ...received, headers, body })
}

/**
 * Answers. A client that still sends is read on for a while: a connection that ends under its hands
 * would keep the answer from it.
 */
const write = (incoming: IncomingMessage, outgoing: ServerResponse, answer: Answer): void => {
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

/** Starts a gateway before a function. */
export const startGateway = async ({
  habits,
  open,
  timeout,
}: GatewayServerOptions): Promise<GatewayServer> => {
  const passed: Passed[] = []
  let options: GatewayOptions
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const answer = await answerTo(options, incoming).catch((error) =>
      refusal(500, `the emulation failed: ${error}`),
    )
    // Nobody is there any more.
    if (incoming.destroyed && !incoming.complete) return
    const { method = '', url: target = '', headers } = incoming
    const userAgent = headers['user-agent'] ?? ''
    passed.push({ method, target, userAgent, status: answer.status })
    write(incoming, outgoing, answer)
  }
  // What is over the gateway's own limit must come as far as its refusal.
  const server = createServer({ maxHeaderSize: 64 * 1024, requestTimeout: 0 }, serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `http://${address}`
  options = { habits, invoke: await open(url), ...(timeout === undefined ? {} : { timeout }) }
  return {
    url,
    address,
    passed,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
