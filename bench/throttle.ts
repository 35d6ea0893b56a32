/**
 * A relay of TCP connections that holds each to a rate and makes it wait, as a network does.
 *
 * @module
 */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a connection is held to. */
export interface Line {
  /** Bytes a second, each way. */
  readonly rate: number
  /** Milliseconds there and back. */
  readonly roundTrip: number
}

/** Milliseconds of a burst. */
const BURST = 10

/** Passes bytes on no faster than the rate, each half a round trip late. */
const relay = async (from: Socket, to: Socket, { rate, roundTrip }: Line): Promise<void> => {
  let free = performance.now()
  let idle = true
  for await (const chunk of from as AsyncIterable<Buffer>) {
    const now = performance.now()
    // What comes after a pause is late by the way; what follows is held by the rate alone.
    if (free < now - roundTrip) idle = true
    if (idle) await sleep(roundTrip / 2)
    idle = false
    free = Math.max(free, performance.now() - BURST) + (chunk.length / rate) * 1000
    if (!to.write(chunk)) await once(to, 'drain')
    const ahead = free - performance.now()
    if (ahead > 1) await sleep(ahead)
  }
  to.end()
}

/** Starts a relay to a port of loopback. */
export const startRelay = async (
  port: number,
  line: Line,
): Promise<{ readonly address: string; close(): void }> => {
  const sockets = new Set<Socket>()
  const server = createServer({ highWaterMark: 1024 * 1024 }, (incoming) => {
    const outgoing = connect({ port, host: '127.0.0.1', noDelay: true })
    incoming.setNoDelay(true)
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket)
      socket.on('error', () => {})
      // What the other side has said before it closed is still passed on.
      socket.on('close', () => sockets.delete(socket))
    }
    relay(incoming, outgoing, line).catch(() => outgoing.destroy())
    relay(outgoing, incoming, line).catch(() => incoming.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
