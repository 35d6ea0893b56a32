/**
 * The credential helper, `docker-credential-slipway`.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { VERSION } from '../cli/version.ts'
import { help } from '../credentials/helper.ts'

const { print, code } = await help(
  process.argv.slice(2),
  () => text(process.stdin),
  {
    env: process.env,
    readFile: (path) => readFile(path, 'utf8'),
    fetch,
    // Loaded only where there are such credentials: the SDK is most of the program.
    awsPassword: async (options) => (await import('../credentials/aws.ts')).awsPassword(options),
    now: Date.now,
  },
  VERSION,
)
if (print !== '') process.stdout.write(`${print}\n`)
process.exitCode = code
