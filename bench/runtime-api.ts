/**
 * Lambda's runtime API, as far as one cold start needs it: hands one event to the runtime interface
 * client and notes when it asks for it and when it answers.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { cleanEnvironment, toolCache } from '../test/support/live/process.ts'

const CLIENT = join(toolCache, 'lambda/node_modules/aws-lambda-ric/index.mjs')

/** One cold start, in milliseconds from the start of its process. */
export interface ColdStart {
  /** Until the function was loaded and the runtime asked for an event. */
  readonly loaded: number
  /** Until it had answered. */
  readonly answered: number
  readonly result: APIGatewayProxyStructuredResultV2
}

/** Headers of an event; the runtime refuses one that lacks any. */
const eventHeaders = (event: string) => ({
  'Content-Type': 'application/json',
  'Content-Length': Buffer.byteLength(event),
  'Lambda-Runtime-Aws-Request-Id': 'cold',
  'Lambda-Runtime-Deadline-Ms': String(Date.now() + 30_000),
  'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:us-east-1:123456789012:function:slipway',
  'Lambda-Runtime-Trace-Id': 'Root=1-00000000-000000000000000000000000',
})

/**
 * Starts a process with the bundle in a directory and sends it one event.
 *
 * @param handler what the function calls, as in its configuration
 * @throws Error when the runtime interface client is not installed, or the process ends early
 */
export const startCold = async (
  directory: string,
  env: Readonly<Record<string, string>>,
  event: APIGatewayProxyEventV2,
  handler = 'api.handler',
): Promise<ColdStart> => {
  if (!existsSync(CLIENT)) throw new Error(`${CLIENT} is not there: run .ci/install`)
  const text = JSON.stringify(event)
  const answer = Promise.withResolvers<APIGatewayProxyStructuredResultV2>()
  let [begun, asked, answered] = [0, 0, 0]
  const server = createServer(async (incoming, outgoing) => {
    if (incoming.url?.endsWith('/invocation/next')) {
      // It asks again when it has answered, and may wait for the end.
      if (asked !== 0) return
      asked = performance.now()
      outgoing.writeHead(200, eventHeaders(text)).end(text)
      return
    }
    answered = performance.now()
    answer.resolve((await json(incoming)) as APIGatewayProxyStructuredResultV2)
    outgoing.writeHead(202).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  begun = performance.now()
  const child = spawn(process.execPath, [CLIENT, handler], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...cleanEnvironment(),
      ...env,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      LAMBDA_TASK_ROOT: directory,
      _HANDLER: handler,
      AWS_LAMBDA_FUNCTION_NAME: 'slipway',
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
      AWS_LAMBDA_LOG_GROUP_NAME: 'slipway',
      AWS_LAMBDA_LOG_STREAM_NAME: 'cold',
    },
  })
  const ended = once(child, 'exit')
  ended.then(([code]) => answer.reject(new Error(`the runtime ended with ${code}`)))
  try {
    const result = await answer.promise
    return { loaded: asked - begun, answered: answered - begun, result }
  } finally {
    answer.promise.catch(() => {})
    child.kill('SIGKILL')
    await ended
    server.closeAllConnections()
    server.close()
  }
}
