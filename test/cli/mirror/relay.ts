/**
 * A way to a registry that can be cut, and notes who asks for what.
 *
 * @module
 */

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'vitest'

/** What becomes of a request: `true` where it was answered, or not at all. */
export type Habit = (
  request: IncomingMessage,
  response: ServerResponse,
) => boolean | Promise<boolean>

export interface Relay {
  readonly host: string
  /** Method and path of each request. */
  readonly asked: string[]
  habit: Habit
  /** Breaks what is under way. */
  breakOff(): void
}

/** No connection holds. */
export const cut: Habit = ({ socket }) => {
  socket.destroy()
  return true
}

/** Opens a way to this address. */
export const openRelay = async (
  t: Pick<TestContext, 'onTestFinished'>,
  url: string,
): Promise<Relay> => {
  const asked: string[] = []
  const server = createServer(async (incoming, response) => {
    const { method, url: path = '/', headers } = incoming
    asked.push(`${method} ${path}`)
    if (await relay.habit(incoming, response)) return
    const outgoing = request(new URL(path, url), { method, headers }, (reply) => {
      response.writeHead(reply.statusCode!, reply.headers)
      // Who was cut off is not to wait for what is left.
      reply.on('error', () => response.destroy()).pipe(response)
      response.on('close', () => reply.destroy())
    })
    outgoing.on('error', () => response.destroy())
    incoming.pipe(outgoing)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const relay: Relay = {
    host: `127.0.0.1:${port}`,
    asked,
    habit: () => false,
    breakOff: () => server.closeAllConnections(),
  }
  return relay
}
