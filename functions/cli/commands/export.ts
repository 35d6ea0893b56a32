/**
 * `slipway export`: images to an OCI layout, a directory or an archive.
 *
 * @module
 */

import { stat } from 'node:fs/promises'
import { parsePlatform } from '../../transfer/copy/platforms.ts'
import type { Origin } from '../../transfer/copy/ports.ts'
import { TransferError } from '../../transfer/errors.ts'
import { layoutArchive } from '../../transfer/layout/archive.ts'
import { layoutDirectory } from '../../transfer/layout/directory.ts'
import type { LayoutFiles } from '../../transfer/layout/files.ts'
import { createLayout } from '../../transfer/layout/layout.ts'
import { type ImageName, parseImage } from '../../transfer/registry/image-name.ts'
import { isFallbackTag } from '../../transfer/registry/referrers-tag.ts'
import { openMover, type Wanted } from '../copying.ts'
import { UsageError } from '../errors.ts'
import type { CopiesIo } from '../ways/copies-io.ts'

/** What to export, and last where to. */
interface Given {
  readonly args: { readonly image: string; readonly target: readonly string[] }
  readonly flags: { readonly platform: readonly string[]; readonly json: boolean }
}

/** Opens what is written to: a directory, or an archive where the name says so. */
const openFiles = async (path: string): Promise<LayoutFiles> => {
  const there = await stat(path).catch(() => undefined)
  return path.endsWith('.tar') && !there?.isDirectory()
    ? layoutArchive(path)
    : layoutDirectory(path)
}

/** What is wanted of one repository: all tags, where none is named. */
const wantedOf = async (from: Origin, images: readonly ImageName[]): Promise<readonly Wanted[]> => {
  const all = images.some(({ tag, digest }) => tag === undefined && digest === undefined)
  const named = images.flatMap(({ tag, digest }) =>
    digest === undefined && tag === undefined
      ? []
      : [{ reference: digest ?? tag!, tags: tag === undefined ? [] : [tag] }],
  )
  if (!all) return named
  const tags = (await from.tags()).filter((tag) => !isFallbackTag(tag))
  const others = named.filter(({ tags: [tag] }) => tag === undefined)
  return [...tags.map((tag) => ({ reference: tag, tags: [tag] })), ...others]
}

/** What is to be done where there is no room. */
const advised = (error: unknown, path: string): unknown =>
  error instanceof Error && 'code' in error && /^(?:ENOSPC|EDQUOT)$/.test(String(error.code))
    ? new TransferError(
        `there is no room for ${path}: make some, and run the same command again, which goes on where this one stopped`,
        { cause: error },
      )
    : error

/** Exports images. @throws UsageError, TransferError */
export const exportImages = async (io: CopiesIo, { args, flags }: Given): Promise<void> => {
  const names = [args.image, ...args.target.slice(0, -1)].map(parseImage)
  const path = args.target.at(-1)
  if (path === undefined) throw new UsageError('expected images, and a directory or a file last')
  const platforms = flags.platform.map(parsePlatform)
  const repositories = new Set(names.map(({ name }) => name))
  const mover = openMover(io, flags.json)
  const files = await openFiles(path)
  io.onStop(() => {
    files.leave()
    io.exit(130)
  })
  try {
    const layout = await createLayout(files, repositories.size === 1)
    const opened = await io.openRepositories(mover.http)
    for (const name of repositories) {
      const from = opened.origin(name)
      const wanted = await wantedOf(
        from,
        names.filter((each) => each.name === name),
      )
      const to = layout.destination(name)
      await mover.move({ from, to, wanted, platforms, referrers: true })
      for (const { reference, tags } of wanted) {
        if (tags.length === 0) layout.name(name, reference)
      }
    }
    await layout.finish()
    mover.summarize()
  } catch (error) {
    throw advised(error, path)
  } finally {
    files.leave()
    mover.close()
  }
}
