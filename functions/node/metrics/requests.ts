/**
 * Counts the requests of a server.
 *
 * @module
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isProbe, type Kind, kindOf, OTHER } from '../../api/request-kind.ts'
import { countSocketBytes } from '../exchange.ts'
import type { Table } from './table.ts'

/** What the log calls a response that a client did not wait for. */
const CLIENT_CLOSED_REQUEST = 499

/**
 * How many series of status, handler and method there are at most; clients send far fewer. What comes on top has a
 * handler alone, and `5xx` if it has failed: nobody can make the number grow, nor have failures go unseen by sending
 * what is odd before.
 */
const MOST_EXACT = 50

/** What became of an upload, by the request that tells. */
const UPLOADS: Readonly<Record<string, string>> = {
  'blob_upload post 202': 'started',
  'blob_upload post 201': 'whole',
  'blob_upload_chunk put 201': 'completed',
  'blob_upload_chunk delete 204': 'cancelled',
}

/** Counts the requests of a server, from now on, but not those for its health. */
export const countRequests = (server: Server, table: Table): void => {
  const exact = new Set<string>()
  const bytesOn = countSocketBytes()

  /** What is under way on a connection. Node says nothing of responses that wait when it closes. */
  const underWay = new WeakMap<Socket, Set<() => void>>()
  const onSocket = (socket: Socket): Set<() => void> => {
    const known = underWay.get(socket)
    if (known !== undefined) return known
    const here = new Set<() => void>()
    underWay.set(socket, here)
    socket.once('close', () => {
      for (const end of here) end()
    })
    return here
  }

  const countBytes = (socket: Socket, handler: string): void => {
    const { received, sent } = bytesOn(socket)
    table.received.inc({ handler }, received)
    table.sent.inc({ handler }, sent)
  }

  const countEnd = ({ handler, method }: Kind, status: number): void => {
    const code = String(status)
    const key = `${handler} ${method} ${code}`
    if (exact.size < MOST_EXACT) exact.add(key)
    if (exact.has(key)) table.requests.inc({ code, handler, method })
    else table.requests.inc({ code: status >= 500 ? '5xx' : OTHER, handler, method: OTHER })
    if (status === 429) table.throttled.inc()
    const event = UPLOADS[key]
    if (event !== undefined) table.uploads.inc({ event })
  }

  server.prependListener('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { url = '', method = '', socket } = incoming
    if (isProbe(url)) return
    const kind = kindOf(method, url)
    const { handler } = kind
    const start = performance.now()
    table.inFlight.inc({ handler })
    const here = onSocket(socket)
    const end = (): void => {
      if (!here.delete(end)) return
      table.inFlight.dec({ handler })
      table.duration.observe({ handler, method: kind.method }, (performance.now() - start) / 1000)
      countBytes(socket, handler)
      countEnd(kind, outgoing.writableFinished ? outgoing.statusCode : CLIENT_CLOSED_REQUEST)
    }
    here.add(end)
    outgoing.once('close', end)
  })
}
