/**
 * The Lambda function behind the API where its requests are followed by OpenTelemetry: what lib/traces.ts deploys. The
 * other one has nothing of it in its code.
 *
 * @module
 */

import { openLog } from '../compose/open-log.ts'
// With the start of the function, for which Lambda gives more CPU, rather than with the first request.
import '../traces/traces.ts'
import { createHandler } from './api.ts'

/** The handler that the function's configuration names. */
export const handler = createHandler(process.env, openLog)
