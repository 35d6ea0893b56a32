/**
 * What new files are made with: functions of the system, in the turns of whoever calls them, or at once.
 *
 * @module
 */

import type { BigIntStats } from 'node:fs'
import { link, mkdir, open, unlink } from 'node:fs/promises'

/** A file that is open. */
export interface OpenFile {
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>
  utimes(atime: number, mtime: number): Promise<unknown>
  stat(options: { readonly bigint: true }): Promise<BigIntStats>
  datasync(): Promise<unknown>
  sync(): Promise<unknown>
  close(): Promise<unknown>
}

/** Functions of the system, which fail as Node's own do. */
export interface Files {
  open(path: string, flags: string, mode?: number): Promise<OpenFile>
  mkdir(path: string): Promise<unknown>
  link(from: string, to: string): Promise<unknown>
  unlink(path: string): Promise<unknown>
}

/** Each is a turn of one of Node's few threads. */
export const turns: Files = { open, mkdir, link, unlink }
