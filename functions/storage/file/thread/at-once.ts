/**
 * Functions of the system that are done when they return, but for flushes, which take long: for a thread in which nobody
 * waits for anything else.
 *
 * @module
 */

import * as fs from 'node:fs'
import { promisify } from 'node:util'
import type { Files, OpenFile } from './files.ts'

const datasync = promisify(fs.fdatasync)
const sync = promisify(fs.fsync)

const openAtOnce = (path: string, flags: string, mode?: number): OpenFile => {
  const file = fs.openSync(path, flags, mode)
  return {
    write: async (...what) => ({ bytesWritten: fs.writeSync(file, ...what) }),
    utimes: async (...times) => fs.futimesSync(file, ...times),
    stat: async (options) => fs.fstatSync(file, options),
    datasync: () => datasync(file),
    sync: () => sync(file),
    close: async () => fs.closeSync(file),
  }
}

export const atOnce: Files = {
  open: async (...what) => openAtOnce(...what),
  mkdir: async (path) => fs.mkdirSync(path),
  link: async (from, to) => fs.linkSync(from, to),
  unlink: async (path) => fs.unlinkSync(path),
}
