/**
 * What a process uses, as Linux counts it under /proc.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'

/** Ticks a second of the times in /proc/<pid>/stat: USER_HZ, 100 on every Linux of our days. */
const TICKS = 100

/** What a process used while something was measured. */
export interface Usage {
  /** Seconds of CPU, user and system. */
  readonly cpuSeconds: number
  /** Bytes of resident memory at its highest. */
  readonly peakBytes: number
  /** Bytes of resident memory at the end. */
  readonly steadyBytes: number
}

/**
 * Seconds of CPU in a line of /proc/<pid>/stat: utime and stime, the 14th and 15th field. The second,
 * the program's name in parentheses, may hold spaces and parentheses of its own.
 */
export const cpuSecondsOf = (stat: string): number => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** Bytes of a field in kB, as VmHWM, in /proc/<pid>/status. @throws Error when it is not there */
export const bytesOf = (status: string, field: string): number => {
  const kibibytes = status.match(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm'))?.[1]
  if (kibibytes === undefined) throw new Error(`no ${field} in the status of a process`)
  return Number(kibibytes) * 1024
}

const cpuSeconds = (pid: number): number => cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))

/** Bytes of resident memory of a process now. */
export const residentBytes = (pid: number): number =>
  bytesOf(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS')

/**
 * Begins to measure a process that belongs to the same user.
 *
 * @returns a function that gives what it used since
 */
export const measureUsage = (pid: number): (() => Usage) => {
  // 5 sets the peak of resident memory back to what is resident now: proc(5), clear_refs.
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  const before = cpuSeconds(pid)
  return () => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return {
      cpuSeconds: cpuSeconds(pid) - before,
      peakBytes: bytesOf(status, 'VmHWM'),
      steadyBytes: bytesOf(status, 'VmRSS'),
    }
  }
}
