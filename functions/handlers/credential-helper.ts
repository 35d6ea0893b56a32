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
    now: Date.now,
  },
  VERSION,
)
if (print !== '') process.stdout.write(`${print}\n`)
process.exitCode = code
