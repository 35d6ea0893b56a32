/**
 * The gateway as a server on loopback, for real clients.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Answer } from '../../support/hosts/host.ts'
import { refusal } from './answer.ts'
import type { Invoke } from './function.ts'
import { type GatewayOptions, pass } from './gateway.ts'
import type { GatewayHabits } from './habits.ts'
import { receive, SERVER_OPTIONS, write } from './incoming.ts'

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

const answerTo = async (options: GatewayOptions, incoming: IncomingMessage): Promise<Answer> => {
  const request = await receive(incoming)
  return 'refused' in request ? request.refused : pass(options, request.received)
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
  const server = createServer(SERVER_OPTIONS, serve)
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
