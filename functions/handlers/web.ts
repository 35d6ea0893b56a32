/**
 * The AWS Lambda Web Function: a server that Lambda starts, and ends with SIGTERM.
 *
 * @module
 */

import { SettingsError } from '../compose/errors.ts'
import { startWebFunction } from '../node/web-function/start.ts'

// The files that settings name, such as a policy, are deployed beside this one.
process.chdir(import.meta.dirname)

// No `await` here: a runtime may load this with `require`, which refuses modules that have one.
startWebFunction(process.env).then(
  ({ stop }) => process.once('SIGTERM', () => stop().finally(() => process.exit(0))),
  (error: unknown) => {
    // What is wrong with a setting is one sentence.
    console.error(error instanceof SettingsError ? error.message : error)
    process.exitCode = 1
  },
)
