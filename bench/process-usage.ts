/**
 * What processes use, as Linux counts it under /proc.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'

/** Ticks a second of the times in /proc/<pid>/stat: USER_HZ, 100 on every Linux of our days. */
const TICKS = 100

/** What processes used while something was measured. */
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

/** A process and its children, as the workers of a server. */
export const processesOf = (pid: number): readonly number[] => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return [pid, ...children.split(' ').filter(Boolean).map(Number)]
}

const total = (pids: readonly number[], of: (pid: number) => number): number =>
  pids.reduce((sum, pid) => sum + of(pid), 0)

const fieldOf =
  (field: string) =>
  (pid: number): number =>
    bytesOf(readFileSync(`/proc/${pid}/status`, 'utf8'), field)

/** Bytes of resident memory of processes now. What they share counts for each. */
export const residentBytes = (...pids: readonly number[]): number => total(pids, fieldOf('VmRSS'))

/**
 * Begins to measure processes that belong to the same user.
 *
 * @returns a function that gives what it used since
 */
export const measureUsage = (...pids: readonly number[]): (() => Usage) => {
  // 5 sets the peak of resident memory back to what is resident now: proc(5), clear_refs.
  for (const each of pids) writeFileSync(`/proc/${each}/clear_refs`, '5')
  const before = total(pids, cpuSeconds)
  return () => ({
    cpuSeconds: total(pids, cpuSeconds) - before,
    peakBytes: total(pids, fieldOf('VmHWM')),
    steadyBytes: total(pids, fieldOf('VmRSS')),
  })
}
