#!/usr/bin/env -S node --max-semi-space-size=2
/**
 * The command line.
 *
 * @module
 */

import { endWithReader } from '../cli/broken-pipe.ts'
import { main } from '../cli/main.ts'
import { processIo } from '../cli/process-io.ts'

endWithReader(process.stdout)
process.exitCode = await main(process.argv.slice(2), processIo(process.env))
