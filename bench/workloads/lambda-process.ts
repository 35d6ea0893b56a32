/**
 * A process as Lambda starts one: it loads the bundled handler, whose path it is given, and answers the
 * events that its parent sends, one after the other.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import type { ApiHandler } from '../../functions/handlers/api.ts'
import { bytesOf } from '../process-usage.ts'

/** What the parent is told of an event. */
export interface Handled {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds; of the first event, from before the handler was loaded. */
  readonly milliseconds: number
  /** Bytes of resident memory of this process at its highest. */
  readonly peakBytes: number
}

const load = async (): Promise<ApiHandler> =>
  (await import(pathToFileURL(process.argv[2] ?? '').href)).handler

let handler: ApiHandler | undefined

process.on('message', async (event: APIGatewayProxyEventV2) => {
  const begin = performance.now()
  handler ??= await load()
  const { statusCode = 0, headers = {} } = await handler(event, {} as Context)
  const handled: Handled = {
    status: statusCode,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    ),
    milliseconds: performance.now() - begin,
    peakBytes: bytesOf(readFileSync('/proc/self/status', 'utf8'), 'VmHWM'),
  }
  process.send?.(handled)
})
