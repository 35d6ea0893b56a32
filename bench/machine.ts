/**
 * The machine that was measured on.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { run, toolCache } from '../test/support/live/process.ts'

const s3Server = async (): Promise<string> => {
  const built = await run('go', ['version', '-m', join(toolCache, 'bin/versitygw')])
  const version = built.match(/versity\/versitygw\s+(v\S+)/)?.[1] ?? 'of unknown version'
  return `versitygw ${version} on a directory of the same machine`
}

/** What a reader has to know of it. @param withS3 whether an S3 server took part */
export const machine = async (withS3: boolean): Promise<Record<string, string>> => {
  const all = cpus()
  const system = readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="(.*)"$/m)?.[1]
  return {
    CPU: `${all.length} x ${all[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${system ?? 'Linux'}, Linux ${release()}`,
    ...(withS3 ? { 'S3 server': await s3Server() } : {}),
    client: `Node ${process.version}, one process on the same machine`,
  }
}
