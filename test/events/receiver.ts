/**
 * Receivers of events, for tests: real ones, and entries of the document.
 *
 * @module
 */

import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Origin } from '../../functions/events/formats/origin.ts'
import { parseReceivers, type Receiver } from '../../functions/events/receivers.ts'
import { type ReadSecret, readingSecrets } from '../../functions/shared/secrets.ts'

/** Where events come from in tests. */
export const ORIGIN: Origin = {
  url: 'http://127.0.0.1:5000',
  address: 'host:5000',
  instance: '0d9c1f0e-9f2b-4d3c-8a4b-5c6d7e8f9a0b',
}

/** Secrets of these variables, and of AWS those that a test gives. */
export const secretsOf = (
  env: Readonly<Record<string, string>>,
  stored: Readonly<Record<string, string>> = {},
): ReadSecret => readingSecrets(env, async (arn) => stored[arn] ?? '')

/** A receiver of the document. */
export const receiverOf = (given: object): Receiver => {
  const receiver = { name: 'hooks', url: 'https://hooks.example/', ...given }
  return parseReceivers(JSON.stringify({ version: 1, receivers: [receiver] }))[0]!
}

/** A request that was received. */
export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Serves a receiver on loopback, until it is closed. @param respond is called once the body was read */
export const listenForEvents = async (respond: RequestListener) => {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push({ headers: request.headers, body })
    respond(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return { url, received, close, ids: () => received.map(({ headers }) => headers['webhook-id']) }
}

/** Serves a receiver on loopback, for one test. @param respond is called once the body was read */
export const serveReceiver = async (respond: RequestListener) => {
  const served = await listenForEvents(respond)
  onTestFinished(served.close)
  return served
}
