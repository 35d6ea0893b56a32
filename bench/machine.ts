/**
 * The machine that was measured on.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { run, toolCache } from '../test/support/live/process.ts'

/** What a reader has to know of it. */
export const machine = async (): Promise<Record<string, string>> => {
  const all = cpus()
  const system = readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="(.*)"$/m)?.[1]
  const gateway = join(toolCache, 'bin/versitygw')
  const s3 = await run('go', ['version', '-m', gateway])
  return {
    CPU: `${all.length} x ${all[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${system ?? 'Linux'}, Linux ${release()}`,
    'S3 server': `versitygw ${s3.match(/versity\/versitygw\s+(v\S+)/)?.[1] ?? ''} on a directory of the same machine`,
    client: `Node ${process.version}, one process on the same machine`,
  }
}
