/**
 * Layouts in directories. Files are written beside the layout and renamed when they are whole.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { readdirSync, rmdirSync, rmSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TransferError } from '../errors.ts'
import { alone, isRunning } from './alone.ts'
import { blobPath, type LayoutFiles } from './files.ts'

/** Milliseconds for which another process is waited for that ends its layout in the same directory. */
const PATIENCE = 60_000
/** Of directories for what is not whole yet; the number of a process follows. */
const SCRATCH = '.slipway-'

/** Removes what processes that were killed have left. */
const sweep = async (directory: string): Promise<void> => {
  for (const name of await readdir(directory)) {
    const [, pid] = name.match(/^\.slipway-(\d+)$/) ?? []
    if (pid === undefined || isRunning(Number(pid))) continue
    await rm(join(directory, name), { recursive: true, force: true })
  }
}

/** @throws TransferError for a directory that is no layout */
const refuseOther = async (directory: string): Promise<void> => {
  const names = (await readdir(directory)).filter((name) => !name.startsWith(SCRATCH))
  if (names.length === 0 || names.includes('oci-layout') || names.includes('blobs')) return
  throw new TransferError(
    `${directory} has other files, and no OCI layout: expected a new or an empty directory, or one with a layout`,
  )
}

/** Opens a layout in a directory, or begins one. @throws TransferError for another directory */
export const layoutDirectory = async (directory: string): Promise<LayoutFiles> => {
  const isNew = (await mkdir(directory, { recursive: true })) !== undefined
  await refuseOther(directory)
  await sweep(directory)
  const scratch = join(directory, `${SCRATCH}${process.pid}`)
  await rm(scratch, { recursive: true, force: true })
  let left = false

  /** Writes a file beside the layout, and moves it to its place. */
  const place = async (
    name: string,
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    passed: (bytes: number) => void,
  ): Promise<void> => {
    if (left) throw new TransferError(`${directory} is written to no more`)
    // In another container a process may have the same number.
    const path = join(scratch, randomUUID())
    await mkdir(scratch, { recursive: true })
    const file = await open(path, 'w')
    try {
      for await (const chunk of bytes) {
        for (let at = 0; at < chunk.length; ) {
          at += (await file.write(chunk, at)).bytesWritten
        }
        passed(chunk.length)
      }
    } catch (error) {
      await rm(path, { force: true })
      throw error
    } finally {
      await file.close()
    }
    const to = join(directory, name)
    await mkdir(dirname(to), { recursive: true })
    // Whoever has left sees to it that nothing is there afterwards.
    if (!left) await rename(path, to)
  }

  const index = () => readFile(join(directory, 'index.json')).catch(() => undefined)
  let giveBack = (): void => {}

  return {
    called: directory,
    isArchive: false,
    async sizeOf(digest) {
      const found = await stat(join(directory, blobPath(digest))).catch(() => undefined)
      return found?.isFile() ? found.size : undefined
    },
    read: (digest) => readFile(join(directory, blobPath(digest))),
    index,
    write: (blob, passed) => place(blobPath(blob.digest), blob.stream(0, blob.size), passed),
    async finish(last) {
      // Between an index that is read and one that is written nobody may write another.
      giveBack = await alone(join(directory, `${SCRATCH}lock`), directory, PATIENCE)
      for (const [name, bytes] of await last(await index())) await place(name, [bytes], () => {})
      await rm(scratch, { recursive: true, force: true })
      giveBack()
    },
    leave() {
      left = true
      giveBack()
      rmSync(scratch, { recursive: true, force: true, maxRetries: 5 })
      if (isNew && readdirSync(directory).length === 0) rmdirSync(directory)
    },
  }
}
