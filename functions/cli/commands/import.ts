/**
 * `slipway import`: images of an OCI layout or an archive, to repositories.
 *
 * @module
 */

import { TransferError } from '../../transfer/errors.ts'
import { type ImageName, parseImage } from '../../transfer/registry/image-name.ts'
import { openInPlace } from '../../transfer/sources/open.ts'
import { isReferrerList, originOfSource } from '../../transfer/sources/origin.ts'
import type { Image } from '../../transfer/sources/source.ts'
import { openMover, type Wanted } from '../copying.ts'
import { UsageError } from '../errors.ts'
import { temporary } from '../temporary.ts'
import type { CopiesIo } from '../ways/copies-io.ts'

/** What to import, and perhaps what it is called then. */
interface Given {
  readonly args: { readonly file: string; readonly repository: readonly string[] }
  readonly flags: { readonly json: boolean }
}

/** The host of a whole name, as docker tells it from the rest. */
const HOST = /^(?:[^/]*[.:][^/]*|localhost)\/(?=.)/

/** A name in a layout: a whole one, or a tag alone. */
const readName = (text: string): { readonly name?: string; readonly tags: readonly string[] } => {
  if (!/[/:@]/.test(text)) return { tags: [text] }
  const { name, tag } = parseImage(text.replace(HOST, ''))
  return { name, tags: tag === undefined ? [] : [tag] }
}

/** What goes to which repository. @throws TransferError where that is not known */
const sorted = (
  images: readonly Image[],
  called: string,
  given: ImageName | undefined,
): ReadonlyMap<string, readonly Wanted[]> => {
  const wanted = new Map<string, Wanted[]>()
  const add = (name: string, reference: string, tags: readonly string[]): void =>
    void wanted.set(name, [...(wanted.get(name) ?? []), { reference, tags }])
  const roots = images.filter((image) => !isReferrerList(image))
  if (given?.tag !== undefined && roots.length > 1) {
    throw new TransferError(
      `${called} has ${roots.length} images, which cannot all be ${given.tag}: leave the tag out, and each keeps its own`,
    )
  }
  for (const { root, names, tags } of roots) {
    if (given !== undefined) {
      add(given.name, root.digest, given.tag === undefined ? tags : [given.tag])
      continue
    }
    const whole = names.map(readName)
    for (const { name, tags: own } of whole) {
      if (name !== undefined) add(name, root.digest, own)
    }
    const isNamed = whole.some(({ name }) => name !== undefined)
    // What refers to an image comes with it.
    if (isNamed || JSON.parse(root.bytes.toString()).subject !== undefined) continue
    throw new TransferError(
      `${called} does not say of which repository ${tags[0] ?? root.digest} is: name one, as in slipway import ${called} team/app`,
    )
  }
  return wanted
}

/** Imports images. @throws UsageError, TransferError */
export const importImages = async (io: CopiesIo, { args, flags }: Given): Promise<void> => {
  const [repository, ...more] = args.repository
  if (more.length > 0) throw new UsageError('expected one repository at most')
  const given = repository === undefined ? undefined : parseImage(repository)
  if (given?.digest !== undefined) throw new UsageError('expected REPO or REPO:TAG, not a digest')
  const unpacked = await temporary(io, 'slipway-import-')
  const reading = new AbortController()
  const mover = openMover(io, flags.json)
  try {
    const source = await openInPlace(args.file, {
      ...{ env: io.env, stdin: io.stdin, directory: unpacked.path, signal: reading.signal },
      found: () => {},
    })
    const called = args.file === '-' ? 'standard input' : args.file
    const from = await originOfSource(source, called)
    const opened = await io.openRepositories(mover.http)
    for (const [name, wanted] of sorted(source.images, called, given)) {
      await mover.move({ from, to: opened.destination(name), wanted, referrers: true })
    }
    mover.summarize()
  } finally {
    reading.abort()
    mover.close()
    unpacked.remove()
  }
}
