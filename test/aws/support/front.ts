/**
 * An address for a deployed HTTP API: a loopback port from which everything is forwarded to it.
 *
 * It is needed because `<id>.execute-api.localhost` does not resolve, and because MiniStack passes `/v2/…`
 * to its emulated ECR unless the path names the API. It also does what AWS does, or may do, and no emulator
 * does: it keeps the limits of the gateway and of Lambda, as test/emulators/gateway has them, renames
 * WWW-Authenticate, and then applies the response parameters of the deployed integration.
 *
 * @module
 */

import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestPlain,
  type ServerResponse,
} from 'node:http'
import { request as requestSecure } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { eventOf, type Received } from '../../emulators/gateway/event.ts'
import { eventJson, resultJson } from '../../emulators/gateway/function.ts'
import { limited } from '../../emulators/gateway/gateway.ts'
import { receive, SERVER_OPTIONS, write } from '../../emulators/gateway/incoming.ts'

/** Response parameters by status, as in a template. */
export type ResponseParameters = Readonly<
  Record<
    string,
    { readonly ResponseParameters: readonly { Destination: string; Source: string }[] }
  >
>

/** The API behind the address. */
export interface DeployedApi {
  readonly id: string
  readonly responseParameters: ResponseParameters
}

export interface Front {
  /** `host:port`, plain HTTP. */
  readonly address: string
  /** Sets the API behind it, which is deployed after the address is known. */
  serve(api: DeployedApi): void
  close(): Promise<void>
}

const RENAMED = 'x-amzn-remapped-www-authenticate'

/** The headers after the mappings for a status. */
const mapped = (
  api: DeployedApi,
  status: number,
  headers: IncomingHttpHeaders,
): IncomingHttpHeaders => {
  const { 'www-authenticate': challenge, ...rest } = headers
  const result = challenge === undefined ? rest : { ...rest, [RENAMED]: challenge }
  const rules = api.responseParameters[String(status)]?.ResponseParameters ?? []
  for (const { Destination, Source } of rules) {
    const [, target] = Destination.match(/^overwrite:header\.(.+)$/) ?? []
    const [, source] = Source.match(/^\$response\.header\.(.+)$/) ?? []
    if (target === undefined || source === undefined) {
      throw new Error(`a mapping that this front does not know: ${Destination} = ${Source}`)
    }
    const value = headers[source.toLowerCase()]
    if (value !== undefined) result[target.toLowerCase()] = value
  }
  return result
}

/** What the emulator behind the front makes of a request. */
interface Upstream {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The limits that AWS does not say a number for, the stricter way. */
const HABITS = { tooLarge: 413 } as const

/**
 * Starts a front for the APIs of an emulator.
 *
 * @param timeout milliseconds that the API has for an answer, instead of the gateway's own
 */
export const startFront = async (endpoint: string, timeout?: number): Promise<Front> => {
  let served: DeployedApi | undefined
  const { protocol, hostname, port } = new URL(endpoint)
  const request = protocol === 'https:' ? requestSecure : requestPlain

  const forward = async (received: Received, api: DeployedApi): Promise<Upstream> => {
    const { method, target, headers, body } = received
    eventJson(eventOf(received, false))
    const upstream = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request({
        hostname,
        port,
        method,
        path: `/_aws/execute-api/${api.id}/$default${target}`,
        headers,
      })
      outgoing.on('response', resolve).on('error', reject).end(body)
    })
    // These belong to the other connection.
    const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...rest } = upstream.headers
    const answer = await buffer(upstream)
    const statusCode = upstream.statusCode ?? 502
    resultJson({ statusCode, body: answer.toString('base64'), isBase64Encoded: true })
    return { status: statusCode, headers: rest, body: answer }
  }

  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const api = served
    if (api === undefined) throw new Error('nothing is deployed yet')
    const asked = await receive(incoming)
    const answered =
      'refused' in asked
        ? asked
        : await limited(() => forward(asked.received, api), HABITS, timeout)
    if ('refused' in answered) return write(incoming, response, answered.refused)
    const { status, headers, body } = answered.result
    response.writeHead(status, mapped(api, status, headers)).end(body)
  }

  const server = createServer(SERVER_OPTIONS, (incoming, response) => {
    pass(incoming, response).catch((error) => {
      if (!response.headersSent) response.writeHead(502)
      response.end(String(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return {
    address: `127.0.0.1:${address.port}`,
    serve: (api) => {
      served = api
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
