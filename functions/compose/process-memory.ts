/**
 * How much memory this process may take, and each of several of one server.
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

/** Least bytes of uploads in memory with which uploads go on well. */
export const LEAST_UPLOAD_MEMORY = 16 * MEBIBYTE

/**
 * Bytes of uploads in memory of one of several workers: together they take what one would, unless that is too little for
 * each.
 *
 * @param whole bytes for all; default: {@link uploadMemoryFor}
 */
export const shareOfUploadMemory = (workers: number, whole: number = uploadMemoryFor()): number =>
  Math.max(Math.floor(whole / workers), LEAST_UPLOAD_MEMORY)
