/**
 * How often a process has what it wrote flushed to the disk, as strace counts its system calls.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { once } from '../functions/shared/once.ts'
import { run, scratch } from '../test/support/live/process.ts'

/** All calls that wait for the disk. */
const FLUSHES = ['fsync', 'fdatasync', 'sync_file_range', 'msync', 'syncfs', 'sync']

/** Whether strace is installed. */
export const hasStrace: () => Promise<boolean> = once(() =>
  run('strace', ['-V']).then(
    () => true,
    () => false,
  ),
)

/**
 * Flushes in a summary of `strace -c`: a line for each call with its share, seconds, microseconds a call,
 * number, errors where there are any, and name. Nothing is printed where no call was made.
 */
export const flushesOf = (summary: string): number =>
  summary
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => FLUSHES.includes(fields.at(-1) ?? ''))
    .reduce((sum, fields) => sum + Number(fields[3]), 0)

/**
 * Does work while strace counts the flushes of processes with all their threads. That makes them slower:
 * time must not be measured meanwhile.
 *
 * @throws Error when strace may not attach to them, or the work's
 */
export const countFlushes = async (
  pids: readonly number[],
  work: () => Promise<unknown>,
): Promise<number> => {
  const directory = scratch('strace')
  const summary = join(directory.path, 'summary')
  const select = `trace=${FLUSHES.join(',')}`
  const strace = spawn(
    'strace',
    ['-f', '-c', '-o', summary, '-e', select, ...pids.flatMap((pid) => ['-p', `${pid}`])],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const ended = event(strace, 'exit')
  try {
    let said = ''
    const attached = new Promise<void>((resolve, reject) => {
      strace.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if ((said.match(/Process \d+ attached/g)?.length ?? 0) >= pids.length) resolve()
      })
      ended.then(() => reject(new Error(`strace: ${said.trim()}`)), reject)
    })
    await attached
    await work()
    strace.kill('SIGINT')
    await ended
    return flushesOf(readFileSync(summary, 'utf8'))
  } finally {
    strace.kill('SIGKILL')
    directory.remove()
  }
}
