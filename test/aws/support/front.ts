/**
 * The host name of a deployed HTTP API: a loopback port that passes everything on to it.
 *
 * Needed because nobody resolves `<id>.execute-api.localhost`, and because MiniStack answers
 * `/v2/…` with the ECR that it emulates unless the API is named in the path. On the way it does to a
 * challenge what AWS may do and no emulator does: WWW-Authenticate is renamed, then the response
 * parameters of the deployed integration apply.
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
import { pipeline } from 'node:stream/promises'

/** Response parameters as a template has them, by status. */
export type ResponseParameters = Readonly<
  Record<
    string,
    { readonly ResponseParameters: readonly { Destination: string; Source: string }[] }
  >
>

/** The API behind the host name. */
export interface DeployedApi {
  readonly id: string
  readonly responseParameters: ResponseParameters
}

export interface Front {
  /** `host:port`, plain HTTP. */
  readonly address: string
  /** Says what is behind it, which is deployed after its address is known. */
  serve(api: DeployedApi): void
  close(): Promise<void>
}

const RENAMED = 'x-amzn-remapped-www-authenticate'

/** Header values after the mappings for a status. */
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

/** Starts a front to the APIs of an emulator. */
export const startFront = async (endpoint: string): Promise<Front> => {
  let served: DeployedApi | undefined
  const { protocol, hostname, port } = new URL(endpoint)
  const request = protocol === 'https:' ? requestSecure : requestPlain

  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const api = served
    if (api === undefined) throw new Error('nothing is deployed yet')
    const upstream = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request({
        hostname,
        port,
        method: incoming.method,
        path: `/_aws/execute-api/${api.id}/$default${incoming.url}`,
        headers: incoming.headers,
      })
      outgoing.on('response', resolve).on('error', reject)
      incoming.pipe(outgoing)
    })
    const status = upstream.statusCode ?? 502
    // The connection's own: this one's may differ.
    const { connection: _, 'keep-alive': __, ...headers } = upstream.headers
    response.writeHead(status, mapped(api, status, headers))
    await pipeline(upstream, response)
  }

  const server = createServer((incoming, response) => {
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
