/**
 * Opens what is to be pushed: a directory with a layout, an archive, a pipe, or an image of a docker daemon.
 *
 * @module
 */

import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { TransferError } from '../errors.ts'
import type { Env } from '../registry/docker-config.ts'
import type { Http } from '../registry/http.ts'
import { savedByDaemon } from './daemon.ts'
import { openDockerArchive } from './docker-archive.ts'
import { type Files, filesIn } from './files.ts'
import { isLayout, openLayout } from './layout.ts'
import type { Source } from './source.ts'
import { unpack } from './tar.ts'

/** A source, and its end. */
export interface Opened extends Source {
  close(): Promise<void>
}

/** What sources are opened with. */
export interface Surroundings {
  readonly env: Env
  readonly stdin: Readable
  readonly http: Http
}

const openFiles = async (files: Files, directory: string): Promise<Source> => {
  if (await isLayout(files)) return openLayout(files)
  if (await files.find('manifest.json')) return openDockerArchive(files, directory)
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
export const openSource = async (image: string, around: Surroundings): Promise<Opened> => {
  const found = image === '-' ? undefined : await stat(image).catch(() => undefined)
  const directory = await mkdtemp(join(tmpdir(), 'slipway-push-'))
  const close = () => rm(directory, { recursive: true, force: true })
  try {
    if (found?.isDirectory()) return { ...(await openFiles(filesIn(image), directory)), close }
    const called = image === '-' ? 'standard input' : image
    const archive = await archiveOf(image, found !== undefined, around)
    const files = await unpack(archive, called, directory)
    return { ...(await openFiles(files, directory)), close }
  } catch (error) {
    await close()
    throw error
  }
}
