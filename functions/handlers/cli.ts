#!/usr/bin/env -S node --max-semi-space-size=2
/**
 * The command line.
 *
 * @module
 */

import { main } from '../cli/main.ts'
import { processIo } from '../cli/process-io.ts'

process.exitCode = await main(process.argv.slice(2), processIo(process.env))
