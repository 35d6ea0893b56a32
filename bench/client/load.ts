/**
 * One request, or some in turn, again and again over some connections, to see how many a second a server answers and how
 * long each takes. wrk waits for a body after HEAD and autocannon needs a core of its own, so the bytes
 * of the request are written to plain sockets, and of the answer no more is read than where it ends.
 *
 * @module
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { quantile } from '../statistics.ts'
import { createAnswerReader } from './answer-reader.ts'

/** What is sent, and for how long. */
export interface Load {
  /** `host:port`. */
  readonly address: string
  readonly method: 'GET' | 'HEAD'
  /** What is asked for, in turn; each connection begins elsewhere. */
  readonly paths: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  /** The only status an answer may have. */
  readonly status: number
  readonly connections: number
  readonly seconds: number
  /** Milliseconds from an answer to the next request of the same connection. Default: none. */
  readonly pause?: number
}

/** What came of it. */
export interface LoadResult {
  readonly requestsPerSecond: number
  /** Milliseconds in which half of the answers came. */
  readonly p50: number
  /** Milliseconds in which 99 of 100 answers came. */
  readonly p99: number
}

const requestOf = ({ address, method, headers = {} }: Load, path: string): Buffer => {
  const lines = Object.entries({ Host: address, ...headers }).map(([name, it]) => `${name}: ${it}`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
}

interface Asking extends Pick<Load, 'method' | 'status' | 'pause'> {
  readonly requests: readonly Buffer[]
  /** Where among them this connection begins. */
  readonly first: number
  /** When to stop, by the clock of `performance`. */
  readonly end: number
  /** Is given the milliseconds that each answer took. */
  readonly took: number[]
}

/** Asks on one connection, one request after the other, until the time is over. */
const ask = (
  socket: Socket,
  { requests, method, status: expected, end, took, first, pause }: Asking,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const reader = createAnswerReader(method)
    let at = first
    let sent = 0
    const next = () => {
      sent = performance.now()
      socket.write(requests[at++ % requests.length]!)
    }
    const { remoteAddress, remotePort } = socket
    const server = `${remoteAddress}:${remotePort}`
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`${server} closed the connection`)))
    socket.on('data', (chunk) => {
      const status = reader.read(chunk)
      if (status === undefined) return
      if (status !== expected) {
        const line = String(requests[(at - 1) % requests.length]).split('\r\n', 1)
        reject(new Error(`${line}: ${status}, not ${expected}`))
        return
      }
      const now = performance.now()
      took.push(now - sent)
      if (now >= end) resolve()
      else if (pause === undefined) next()
      else setTimeout(next, pause)
    })
    next()
  })

/** Puts load on a server. @throws Error when an answer is not as it must be */
export const putLoad = async (load: Load): Promise<LoadResult> => {
  const { address, connections, seconds, paths } = load
  const requests = paths.map((path) => requestOf(load, path))
  const [host, port] = address.split(':')
  const sockets = Array.from({ length: connections }, () =>
    connect(Number(port), host).setNoDelay(),
  )
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const took: number[] = []
    const begin = performance.now()
    const end = begin + seconds * 1000
    const apart = Math.ceil(paths.length / connections)
    await Promise.all(
      sockets.map((socket, at) => ask(socket, { ...load, requests, first: at * apart, end, took })),
    )
    const elapsed = (performance.now() - begin) / 1000
    return {
      requestsPerSecond: took.length / elapsed,
      p50: quantile(took, 0.5),
      p99: quantile(took, 0.99),
    }
  } finally {
    for (const socket of sockets) socket.removeAllListeners('close').destroy()
  }
}
