/**
 * Requests under way on a server, and how each of them ends.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Bytes, Ending } from '../api/env.ts'
import { RequestError } from '../api/errors.ts'

/** Why a server closes the connection of a request. */
export type Cut =
  /** No byte passed for too long, in either direction. */
  | { readonly why: 'silent'; readonly seconds: number }
  /** The server was asked to stop, and the time for requests under way is over. */
  | { readonly why: 'stopped'; readonly seconds: number }
  /** The response cannot be completed; the log has the cause. */
  | { readonly why: 'broken' }

/** A request and its response. */
export interface Exchange {
  /**
   * Where the client has not waited for the response to its last request: ends with that one, and says whether this one is
   * to be answered. Whatever is opened or read for a response would wait in memory until then, and 100 KB of requests could
   * ask for a GB.
   */
  readonly turn: Promise<boolean> | undefined
  /** Notes why the server is about to close the connection; the first reason counts. */
  cutBy(cut: Cut): void
  /** Why the connection was closed before the end of the request's body. */
  cause(): RequestError
  /** Resolves once the response was sent or cannot be sent any more. */
  readonly ended: Promise<Ending>
  /** See {@link countSocketBytes}; 0 before the end. */
  bytes(): Bytes
}

/**
 * Counts the bytes of connections, headers included.
 *
 * @returns what came and went on a connection since it was last called for it. Each request calls it at its end, so
 *   that bytes are counted once; those of a request that was sent before the end of another count as the other's.
 */
export const countSocketBytes = (): ((socket: Socket) => Bytes) => {
  const counted = new WeakMap<Socket, Bytes>()
  return (socket) => {
    const before = counted.get(socket) ?? { received: 0, sent: 0 }
    const now = { received: socket.bytesRead, sent: socket.bytesWritten }
    counted.set(socket, now)
    return {
      received: Math.max(0, now.received - before.received),
      sent: Math.max(0, now.sent - before.sent),
    }
  }
}

const endingOf = (cut: Cut | undefined): Ending => {
  switch (cut?.why) {
    case undefined:
      return 'client gone'
    case 'silent':
      return { status: 408, reason: `closed: no byte passed for ${cut.seconds} s` }
    case 'stopped':
      return {
        status: 503,
        reason: `closed: the server was asked to stop, and waited for ${cut.seconds} s`,
      }
    case 'broken':
      return { reason: 'closed: the response broke off' }
  }
}

/** A request that the server has just received, and what ends it if its connection closes. */
const createExchange = (
  outgoing: ServerResponse,
  takeBytes: () => Bytes,
  turn: Exchange['turn'],
): { exchange: Exchange; close: () => void } => {
  const { promise: ended, resolve } = Promise.withResolvers<Ending>()
  let cut: Cut | undefined
  let finished = false
  let bytes: Bytes | undefined
  const close = (): void => {
    // The connection may have ended before, and this is called for both.
    bytes ??= takeBytes()
    resolve(finished ? 'sent' : endingOf(cut))
  }
  outgoing.once('finish', () => {
    finished = true
  })
  outgoing.once('close', close)
  const exchange: Exchange = {
    turn,
    cutBy(reason) {
      cut ??= reason
    },
    cause() {
      const ending = endingOf(cut)
      if (typeof ending === 'object') {
        return new RequestError(cut?.why === 'stopped' ? 'STOPPED' : 'BODY_TOO_SLOW', ending.reason)
      }
      return new RequestError('CLIENT_GONE', 'the client went away before the end of its request')
    },
    ended,
    bytes: () => bytes ?? { received: 0, sent: 0 },
  }
  return { exchange, close }
}

/** Most requests of a connection that wait for the response to the first: hardly any client sends a second. */
const MOST_WAITING = 100

/** All requests under way on a server. */
export interface Exchanges {
  /** How many there are. */
  readonly count: number
  /** Begins one. A connection on which too many wait is closed. */
  begin(incoming: IncomingMessage, outgoing: ServerResponse): Exchange
  /** Notes why the server is about to close a connection. */
  cut(socket: Socket, reason: Cut): void
  /** The same for all connections. */
  cutAll(reason: Cut): void
  /** Counts the work for a request until it has ended, which may be after its connection was closed. */
  track<T>(work: T | Promise<T>): Promise<T>
  /** Resolves once there is no such work. */
  settled(): Promise<void>
}

/** Keeps the requests under way. */
export const createExchanges = (): Exchanges => {
  const all = new Set<Exchange>()
  const working = new Set<Promise<unknown>>()
  const bytesOn = countSocketBytes()
  // A client may send its next request before a response is complete. Node says nothing of the responses
  // that wait when the connection closes.
  const bySocket = new WeakMap<Socket, Map<Exchange, () => void>>()
  const lastOf = new WeakMap<Socket, Exchange>()
  const onSocket = (socket: Socket): Map<Exchange, () => void> => {
    const known = bySocket.get(socket)
    if (known !== undefined) return known
    const here = new Map<Exchange, () => void>()
    bySocket.set(socket, here)
    socket.once('close', () => {
      for (const close of here.values()) close()
    })
    return here
  }
  return {
    get count() {
      return all.size
    },
    begin({ socket }, outgoing) {
      const here = onSocket(socket)
      const last = lastOf.get(socket)
      const tooMany = here.size >= MOST_WAITING
      if (tooMany) socket.destroy()
      const waits = last && here.has(last)
      const turn = waits ? last.ended.then(() => !tooMany) : undefined
      const { exchange, close } = createExchange(outgoing, () => bytesOn(socket), turn)
      here.set(exchange, close)
      lastOf.set(socket, exchange)
      all.add(exchange)
      void exchange.ended.then(() => {
        here.delete(exchange)
        all.delete(exchange)
      })
      return exchange
    },
    cut(socket, reason) {
      for (const exchange of bySocket.get(socket)?.keys() ?? []) exchange.cutBy(reason)
    },
    cutAll(reason) {
      for (const exchange of all) exchange.cutBy(reason)
    },
    async track(work) {
      const running = Promise.resolve(work)
      working.add(running)
      try {
        return await running
      } finally {
        working.delete(running)
      }
    },
    async settled() {
      while (working.size > 0) await Promise.allSettled(working)
    },
  }
}
