/**
 * Passes a request to an environment, and its response back.
 *
 * @module
 */

import { once } from 'node:events'
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { WebFunctionHabits } from './habits.ts'
import { passedHeaders, type Refusal, type Told } from './request.ts'
import { addedHeaders, headersOf } from './response.ts'

/** The environment gave no response: it ended, or closed the connection. */
const BROKEN: Refusal = { status: 502, type: 'FunctionError' }

/** W13 */
const TOO_LONG: Refusal = { status: 504, type: 'Timeout' }

export interface PassOptions {
  readonly habits: WebFunctionHabits
  readonly told: Told
  readonly port: number
  readonly agent: Agent
  readonly logStream: string
  /** Milliseconds that the request may take. */
  readonly timeout: number
}

/** Waits until a request takes more. @throws Error when its connection ends before */
const drained = (upstream: ClientRequest): Promise<void> =>
  new Promise((resolve, reject) => {
    // Once Node has a whole response, only the connection says so.
    const drains = [upstream, upstream.socket].filter((each) => each !== null)
    const end = (settle: () => void) => () => {
      for (const each of drains) each.off('drain', more)
      upstream.off('close', gone)
      settle()
    }
    const more = end(resolve)
    const gone = end(() => reject(new Error('the connection has ended')))
    for (const each of drains) each.on('drain', more)
    upstream.on('close', gone)
  })

/** Writes the whole of a body. @throws Error when the connection ends before */
const feed = async (incoming: IncomingMessage, upstream: ClientRequest): Promise<void> => {
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    if (upstream.destroyed) throw new Error('the connection has ended')
    if (!upstream.write(chunk)) await drained(upstream)
  }
  await new Promise<void>((resolve, reject) => {
    upstream.once('close', reject).end(resolve)
  })
}

/**
 * Passes a request on. Half-duplex (W10): nothing of the response is read before the whole body has gone
 * in. A server that responds without reading stalls, and one that closes the connection gave no response.
 *
 * @returns what the endpoint says, if there was no response; the status, if it was sent
 */
export const pass = async (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { habits, told, port, agent, logStream, timeout }: PassOptions,
): Promise<Refusal | number> => {
  const { method = '', url: path = '' } = incoming
  const upstream = request({
    agent,
    host: '127.0.0.1',
    port,
    method,
    path,
    headers: [
      ...passedHeaders(incoming, told),
      ...(habits.keepsConnections ? [] : ['Connection', 'close']),
    ],
    setDefaultHeaders: false,
  })
  let over = false
  const cut = setTimeout(() => {
    over = true
    upstream.destroy()
  }, timeout)
  const gone = () => void upstream.destroy()
  upstream.on('error', () => {})
  outgoing.once('close', gone)
  try {
    const responded = once(upstream, 'response') as Promise<[IncomingMessage]>
    responded.catch(() => {})
    const feeding = feed(incoming, upstream)
    feeding.catch(() => {})
    // The client may have nothing to send at the moment.
    const ended = once(upstream, 'close').then(() => {
      throw new Error('the connection has ended')
    })
    ended.catch(() => {})
    await Promise.race([feeding, ended])
    const [response] = await responded
    const headers = headersOf(method, response, habits)
    const added = addedHeaders({ requestId: told.requestId, logStream })
    outgoing.writeHead(response.statusCode ?? 0, [...headers, ...added])
    await pipeline(response, outgoing)
    return response.statusCode ?? 0
  } catch {
    upstream.destroy()
    return over ? TOO_LONG : BROKEN
  } finally {
    clearTimeout(cut)
    outgoing.off('close', gone)
  }
}

/** Connections to an environment (W20). */
export const agentFor = ({ keepsConnections }: WebFunctionHabits): Agent =>
  new Agent({ keepAlive: keepsConnections })
