/**
 * Lambda's own runtime on loopback: the bundled function, loaded by the runtime interface client and
 * driven by the runtime interface emulator, which limits the size of results and the time, and restarts
 * a runtime that has ended. It is a single instance, which handles one event at a time.
 *
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { bundleApi } from '../../../packaging/bundle.ts'
import {
  EventTooLarge,
  FunctionError,
  type Invoke,
  MAX_EVENT,
} from '../../emulators/gateway/function.ts'
import { freePort, responds, scratch, startDaemon, toolCache } from '../../support/live/process.ts'

const CLIENT = join(toolCache, 'lambda/node_modules/aws-lambda-ric/index.mjs')

export interface LambdaRuntime {
  /** Invokes the function, with Lambda's limit on events, which the emulator does not have. */
  readonly invoke: Invoke
  /** Sends an event of any size to the emulator. @returns its response */
  send(event: string): Promise<string>
  /** The id of the function's process. @throws Error if it has none */
  pid(): number
  /** What emulator and function have printed. */
  output(): string
  stop(): Promise<void>
}

export interface RuntimeOptions {
  readonly env: Readonly<Record<string, string>>
  /** Seconds that an event may take. */
  readonly timeout: number
}

/** The result in a response of the emulator. @throws FunctionError if there is none */
const resultOf = (answer: string): APIGatewayProxyStructuredResultV2 => {
  // A time-out is reported in plain text.
  if (!answer.startsWith('{')) throw new FunctionError(answer)
  const result = JSON.parse(answer)
  if ('errorType' in result) throw new FunctionError(`${result.errorType}: ${result.errorMessage}`)
  return result
}

/** Bundles the function, and starts it with these settings. */
export const startRuntime = async ({ env, timeout }: RuntimeOptions): Promise<LambdaRuntime> => {
  const directory = scratch('runtime')
  bundleApi(directory.path)
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const daemon = await startDaemon({
    name: 'aws-lambda-rie',
    command: 'aws-lambda-rie',
    args: [
      ...['--runtime-api-address', `127.0.0.1:${await freePort()}`],
      ...['--runtime-interface-emulator-address', `127.0.0.1:${port}`],
      ...[process.execPath, CLIENT, 'api.handler'],
    ],
    cwd: directory.path,
    env: {
      ...env,
      LAMBDA_TASK_ROOT: directory.path,
      AWS_LAMBDA_FUNCTION_TIMEOUT: String(timeout),
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
    },
    ready: () => responds(`${origin}/`),
  })

  const post = (event: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const url = `${origin}/2015-03-31/functions/function/invocations`
      request(url, { method: 'POST' }, (incoming) => resolve(text(incoming)))
        .on('error', reject)
        .end(event)
    })
  let last: Promise<unknown> = Promise.resolve()
  const send = (event: string): Promise<string> => {
    const answer = last.then(() => post(event))
    last = answer.catch(() => {})
    return answer
  }

  return {
    send,
    async invoke(event: APIGatewayProxyEventV2) {
      const json = JSON.stringify(event)
      const size = Buffer.byteLength(json)
      if (size > MAX_EVENT) throw new EventTooLarge(`an event of ${size} bytes`)
      return resultOf(await send(json))
    },
    pid() {
      // A child belongs to the thread that started it.
      const threads = `/proc/${daemon.pid}/task`
      const children = readdirSync(threads).flatMap((thread) =>
        readFileSync(`${threads}/${thread}/children`, 'utf8').trim().split(' '),
      )
      const pid = Number(children.find((child) => child !== ''))
      // 0 and negative numbers would address groups of processes.
      if (!(pid > 1)) throw new Error('the function has no process')
      return pid
    },
    output: daemon.output,
    async stop() {
      await daemon.stop()
      directory.remove()
    },
  }
}
