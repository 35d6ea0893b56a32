/**
 * The endpoint of an AWS Lambda Web Function as a server on loopback, in front of the function's own
 * processes. What it does is in the README, by number; habits.ts has what AWS leaves open.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFleet, type Environment, type Fleet, type StartEnvironment } from './fleet.ts'
import type { WebFunctionHabits } from './habits.ts'
import { agentFor, pass } from './pass.ts'
import { type Refusal, refusalOf } from './request.ts'
import { addedHeaders } from './response.ts'

/** Milliseconds for which what a refused client still sends is read and dropped. */
const LINGER = 5_000

/** A request and how it was answered. */
export interface Passed {
  readonly method: string
  readonly target: string
  readonly userAgent: string
  readonly status: number
}

/** What is set for a function and its endpoint. */
export interface EndpointLimits {
  /** Milliseconds that a request may take: 3 to 900 s (W13). */
  readonly timeout: number
  /** Requests at once in an environment: 1 to 128 (W14). */
  readonly concurrency: number
  /** Most environments. */
  readonly environments: number
  /** Most requests a second (W17). */
  readonly rate: number
}

const USUAL: EndpointLimits = { timeout: 900_000, concurrency: 16, environments: 4, rate: 10_000 }

export interface EndpointOptions {
  readonly habits: WebFunctionHabits
  /** Gives the function. @param url where clients find the endpoint */
  readonly open: (url: string) => StartEnvironment | Promise<StartEnvironment>
  readonly limits?: Partial<EndpointLimits>
}

export interface Endpoint {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** `host:port`, which is the endpoint's name. */
  readonly address: string
  /** All that was answered so far, in this order. */
  readonly passed: readonly Passed[]
  /** Requests under way in each environment of the revision. */
  readonly load: readonly number[]
  /**
   * Starts an environment of another revision.
   *
   * @returns a function that puts it in the place of this one. The environments of the old revision end at
   *   once, or after the requests under way in them: AWS does not say. It resolves once they have ended
   */
  prepare(
    start: StartEnvironment,
  ): Promise<(old: 'at once' | 'after its requests') => Promise<void>>
  stop(): Promise<void>
}

/** Gives a response of the endpoint's own. A client that still sends is read on for a while. */
const refuse = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, type }: Refusal,
  requestId: string,
): void => {
  if (outgoing.headersSent || outgoing.destroyed) return void outgoing.destroy()
  const body = JSON.stringify({ message: type })
  const fields = ['Content-Type', 'application/json', 'Content-Length', String(body.length)]
  outgoing.writeHead(status, [...fields, ...addedHeaders({ requestId, errorType: type })])
  if (incoming.complete) return void outgoing.end(body)
  outgoing.write(body)
  const timer = setTimeout(() => incoming.socket.destroy(), LINGER)
  incoming
    .once('end', () => outgoing.end())
    .once('close', () => clearTimeout(timer))
    .resume()
}

/** Lets so many requests of each second through. */
const createRate = (most: number): (() => boolean) => {
  let second = 0
  let count = 0
  return () => {
    const now = Math.floor(performance.now() / 1000)
    count = now === second ? count + 1 : 1
    second = now
    return count <= most
  }
}

/** Starts an endpoint before a function. No environment runs until there is a request. */
export const startEndpoint = async ({
  habits,
  open,
  limits: given = {},
}: EndpointOptions): Promise<Endpoint> => {
  const limits = { ...USUAL, ...given }
  const passed: Passed[] = []
  const agents = new WeakMap<Environment, ReturnType<typeof agentFor>>()
  const within = createRate(limits.rate)
  let fleet: Fleet
  let address = ''

  const agentOf = (environment: Environment) => {
    const agent = agents.get(environment) ?? agentFor(habits)
    agents.set(environment, agent)
    void environment.ended.then(() => agent.destroy())
    return agent
  }

  const answer = async (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    requestId: string,
  ): Promise<Refusal | number> => {
    const refused = refusalOf(incoming, address, habits)
    if (refused !== undefined) return refused
    if (!within()) return { status: 429, type: 'TooManyRequests' }
    const place = await fleet.admit().catch(() => 'failed' as const)
    if (place === undefined) return { status: 429, type: 'TooManyRequests' }
    if (place === 'failed') return { status: 502, type: 'FunctionError' }
    const { environment, leave } = place
    const told = { requestId, endpointName: 'prod', address: incoming.socket.remoteAddress ?? '' }
    try {
      return await pass(incoming, outgoing, {
        ...{ habits, told, port: environment.port, agent: agentOf(environment) },
        ...{ logStream: `2026/11/26/[1]${environment.port}`, timeout: limits.timeout },
      })
    } finally {
      leave()
    }
  }

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const requestId = randomUUID()
    incoming.on('error', () => {})
    outgoing.on('error', () => {})
    const outcome = await answer(incoming, outgoing, requestId)
    // Nobody is there any more.
    if (incoming.destroyed && !incoming.complete) return
    const { method = '', url: target = '', headers } = incoming
    const userAgent = headers['user-agent'] ?? ''
    const status = typeof outcome === 'number' ? outcome : outcome.status
    passed.push({ method, target, userAgent, status })
    if (typeof outcome !== 'number') refuse(incoming, outgoing, outcome, requestId)
  }

  const server = createServer({ maxHeaderSize: habits.maxHeader, requestTimeout: 0 })
  server.maxHeadersCount = 0
  // A test that computes for seconds must not find its connections closed.
  server.keepAliveTimeout = 60_000
  server.on('request', serve)
  server.on('checkContinue', serve)
  server.on('checkExpectation', serve)
  server.on('connect', (_, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    // W12: no answer, and nothing in a log.
    if (code === 'HPE_HEADER_OVERFLOW' || !socket.writable) socket.destroy()
    else socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `http://${address}`
  const { concurrency, environments } = limits
  const fleetOf = (start: StartEnvironment) => createFleet({ start, concurrency, environments })
  fleet = fleetOf(await open(url))

  return {
    url,
    address,
    passed,
    get load() {
      return fleet.load
    },
    async prepare(start) {
      const next = fleetOf(start)
      await next.prepare()
      return async (old) => {
        const before = fleet
        fleet = next
        if (old === 'after its requests') await before.idle()
        await before.end()
      }
    },
    async stop() {
      await fleet.end()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
