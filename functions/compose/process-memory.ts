/**
 * How much memory this process may take.
 *
 * @module
 */

import { totalmem } from 'node:os'

const MEBIBYTE = 1024 * 1024

/** Bytes that a process may take: those of the machine, or fewer if its control group has fewer. */
const memoryOfProcess = (): number => {
  // Without a limit it is 0, or larger than any memory.
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

/**
 * Bytes of uploads in memory by default: an eighth of what the process may take. At least four parts, so
 * that parts are sent while others come; more than eight make nothing faster.
 *
 * @param available bytes that the process may take
 */
export const uploadMemoryFor = (available: number = memoryOfProcess()): number =>
  Math.min(Math.max(Math.floor(available / 8), 48 * MEBIBYTE), 96 * MEBIBYTE)
