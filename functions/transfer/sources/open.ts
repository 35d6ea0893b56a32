/**
 * Opens what is to be pushed: a directory with a layout, an archive, a pipe, or an image of a docker daemon.
 *
 * @module
 */

import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import type { Blob } from '../blobs/blob.ts'
import { TransferError } from '../errors.ts'
import type { Env } from '../registry/docker-config.ts'
import { savedByDaemon } from './daemon.ts'
import { openDockerArchive } from './docker-archive.ts'
import { type Files, filesIn, filesOf, filesWithin } from './files.ts'
import { keepAndTell } from './layers.ts'
import { isLayout, openLayout } from './layout.ts'
import type { Source } from './source.ts'
import { unpack } from './tar.ts'

/** What sources are opened with. */
export interface Surroundings {
  readonly env: Env
  readonly stdin: Readable
  /** A directory for what is unpacked; the caller removes it. */
  readonly directory: string
  /** Ends the reading of an archive. */
  readonly signal: AbortSignal
  /** Is told of each layer of an archive as soon as it can be sent. */
  readonly found: (blob: Blob) => void
}

/** @param own the same files, less those that are elsewhere */
const openFiles = async (files: Files, directory: string, own = files): Promise<Source> => {
  if (await isLayout(files)) return openLayout(files)
  if (await own.find('manifest.json')) return openDockerArchive(own, directory)
  throw new TransferError(
    `${files.called} has neither an index.json with an oci-layout nor a manifest.json: expected an OCI layout or an archive of docker save or podman save`,
  )
}

/** The bytes of an archive. */
const archiveOf = (
  image: string,
  isFile: boolean,
  around: Surroundings,
): Promise<Readable> | Readable => {
  if (image === '-') return around.stdin
  if (isFile) return createReadStream(image, { highWaterMark: 1024 * 1024 })
  return savedByDaemon(image, around)
}

/**
 * Opens images.
 *
 * @param image `-` for standard input, a path, or what a docker daemon calls it
 * @throws TransferError when there is no such image, or it cannot be read
 */
export const openSource = async (image: string, around: Surroundings): Promise<Source> => {
  const { directory, found, signal } = around
  const there = image === '-' ? undefined : await stat(image).catch(() => undefined)
  if (there?.isDirectory()) return openFiles(filesIn(image), directory, filesWithin(image))
  const called = image === '-' ? 'standard input' : image
  const archive = addAbortSignal(signal, await archiveOf(image, there !== undefined, around))
  return openFiles(await unpack(archive, called, directory, keepAndTell(found)), directory)
}

/** Whether a file is compressed as a whole, so that it cannot be read where something lies in it. */
const isGzip = async (path: string): Promise<boolean> => {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b
  } finally {
    await file.close()
  }
}

/**
 * Opens images of files, without a daemon. An archive is read where it lies, and not written out, unless it is
 * compressed or a pipe.
 *
 * @param path `-` for standard input
 * @throws TransferError when it is not there, or cannot be read
 */
export const openInPlace = async (path: string, around: Surroundings): Promise<Source> => {
  if (path === '-') return openSource(path, around)
  const there = await stat(path).catch(() => undefined)
  if (there === undefined) throw new TransferError(`${path} is not there`)
  // What is no file, as a pipe, can be read once.
  if (!there.isFile() || (await isGzip(path))) return openSource(path, around)
  return openFiles(await filesOf(path), around.directory)
}
