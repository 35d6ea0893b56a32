/**
 * One request again and again over some connections, to see how many a second a server answers and how
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
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** The only status an answer may have. */
  readonly status: number
  readonly connections: number
  readonly seconds: number
}

/** What came of it. */
export interface LoadResult {
  readonly requestsPerSecond: number
  /** Milliseconds in which half of the answers came. */
  readonly p50: number
  /** Milliseconds in which 99 of 100 answers came. */
  readonly p99: number
}

const requestOf = ({ address, method, path, headers = {} }: Load): Buffer => {
  const lines = Object.entries({ Host: address, ...headers }).map(([name, it]) => `${name}: ${it}`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
}

/** Asks on one connection, one request after the other, until the time is over. */
const ask = (socket: Socket, load: Load, end: number, took: number[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const bytes = requestOf(load)
    const reader = createAnswerReader(load.method)
    let sent = 0
    const next = () => {
      sent = performance.now()
      socket.write(bytes)
    }
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`${load.path}: the server closed the connection`)))
    socket.on('data', (chunk) => {
      const status = reader.read(chunk)
      if (status === undefined) return
      if (status !== load.status) {
        reject(new Error(`${load.method} ${load.path}: ${status}, not ${load.status}`))
        return
      }
      const now = performance.now()
      took.push(now - sent)
      if (now < end) next()
      else resolve()
    })
    next()
  })

/** Puts load on a server. @throws Error when an answer is not as it must be */
export const putLoad = async (load: Load): Promise<LoadResult> => {
  const { address, connections, seconds } = load
  const [host, port] = address.split(':')
  const sockets = Array.from({ length: connections }, () =>
    connect(Number(port), host).setNoDelay(),
  )
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const took: number[] = []
    const begin = performance.now()
    const end = begin + seconds * 1000
    await Promise.all(sockets.map((socket) => ask(socket, load, end, took)))
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
