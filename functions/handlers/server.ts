/**
 * The Node server by itself, as a container runs it: settings from flags and the environment.
 *
 * @module
 */

import { main } from '../cli/main.ts'
import { processIo } from '../cli/process-io.ts'

process.exitCode = await main(['serve', ...process.argv.slice(2)], processIo(process.env))
