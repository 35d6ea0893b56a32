/**
 * A service of AWS with requests in JSON, for tests: it keeps them, and responds what it is told.
 *
 * @module
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach } from 'vitest'

/** A request that was received. */
export interface AwsRequest {
  /** As in `AWSEvents.PutEvents`. */
  readonly target: string | undefined
  /** The Region and service that it was signed for. */
  readonly scope: string
  readonly body: Readonly<Record<string, unknown>>
}

/** What it responds: a status and a body. */
export type AwsAnswer = readonly [status: number, body: object]

/**
 * Serves one for the tests of a file, at the address that the SDK gets from a variable.
 *
 * @param variable as `AWS_ENDPOINT_URL_EVENTBRIDGE`
 */
export const useFakeService = (variable: string) => {
  const received: AwsRequest[] = []
  const answers: AwsAnswer[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const [, scope = ''] =
      /Credential=[^/]+\/\d+\/([^/]+\/[^/]+)\//.exec(request.headers.authorization ?? '') ?? []
    received.push({ target: `${request.headers['x-amz-target']}`, scope, body: JSON.parse(body) })
    const [status, answer] = answers.shift() ?? [200, {}]
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(answer))
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    process.env[variable] = `http://127.0.0.1:${port}`
    process.env.AWS_ACCESS_KEY_ID = 'test'
    process.env.AWS_SECRET_ACCESS_KEY = 'of-no-worth'
  })
  beforeEach(() => {
    received.splice(0)
    answers.splice(0)
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  return { received, answers }
}
