/**
 * A proxy that hands everything on, but for what a test wants changed on the way.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type Asked, createClient } from '../../../functions/cli/smoke/client.ts'

/** A request on its way. */
export type Passing = Omit<Asked, 'body'> & {
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly body?: Buffer
}

/** An answer on its way. */
export interface Passed {
  readonly status: number
  /** Values by name in lower case; none takes the header away. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

/** What changes on the way. */
export interface Distortion {
  readonly request?: (asked: Passing) => Passing
  /** @returns undefined to cut the connection */
  readonly answer?: (asked: Passing, answer: Passed) => Passed | undefined
}

/** A proxy that was started. */
export interface Distorting {
  readonly origin: string
  stop(): Promise<void>
}

/** Headers of one connection only, or that are written anew. */
const OWN = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length'])

const received = async (incoming: IncomingMessage, target: string): Promise<Passing> => {
  const { method = '', url = '', headersDistinct } = incoming
  const body = await buffer(incoming)
  const chunked = incoming.headers['transfer-encoding'] !== undefined
  const headers = Object.entries(headersDistinct).filter(([name]) => !OWN.has(name))
  return {
    method,
    url: target + url,
    headers: Object.fromEntries(headers) as Record<string, readonly string[]>,
    ...(body.length === 0 ? {} : { body, chunked }),
  }
}

const write = (outgoing: ServerResponse, head: boolean, { status, headers, body }: Passed) => {
  const counted = !head && ![204, 304].includes(status)
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !(counted && name === 'content-length')) {
      outgoing.appendHeader(name, value)
    }
  }
  if (counted) outgoing.setHeader('Content-Length', body.length)
  outgoing.writeHead(status)
  outgoing.end(body)
}

/** Starts a proxy before `target`. */
export const startDistorting = async (
  target: string,
  { request = (asked) => asked, answer = (_, passed) => passed }: Distortion,
): Promise<Distorting> => {
  const client = createClient()
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const asked = request(await received(incoming, target))
    const { status, headers, body } = await client.send(asked)
    const kept = [...headers].filter(([name]) => name === 'content-length' || !OWN.has(name))
    const passed = answer(asked, { status, headers: Object.fromEntries(kept), body })
    if (passed === undefined) incoming.socket.destroy()
    else write(outgoing, asked.method === 'HEAD', passed)
  }
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      client.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
