/**
 * `slipway copy`: images from one registry to another, from and to the store.
 *
 * @module
 */

import type { Settings, StoreSettings } from '../../compose/setting-table.ts'
import { parsePlatform } from '../../transfer/copy/platforms.ts'
import type { Destination, Origin } from '../../transfer/copy/ports.ts'
import { type ImageName, parseImage, parseRemote } from '../../transfer/registry/image-name.ts'
import { isFallbackTag } from '../../transfer/registry/referrers-tag.ts'
import { originOf } from '../../transfer/registry/target.ts'
import { type Mover, openMover, type Wanted } from '../copying.ts'
import { CommandError, UsageError } from '../errors.ts'
import { newCourse } from '../going-on.ts'
import type { Io } from '../io.ts'
import { openRemote } from '../ways/copies-at-registry.ts'

/** What to copy, and where to. */
interface Given {
  readonly args: { readonly source: string; readonly target: readonly string[] }
  readonly flags: {
    readonly 'all-tags': boolean
    readonly referrers: boolean
    readonly platform: readonly string[]
    readonly 'plain-http': boolean
    readonly json: boolean
  }
  readonly settings: StoreSettings & Pick<Settings, 'index-children'>
}

/** How an image of the store begins. */
const STORE = 'store:'

/** One side of a copy. */
interface Side extends ImageName {
  /** Undefined: the store. */
  readonly host: string | undefined
}

const sideOf = (text: string): Side =>
  text.startsWith(STORE)
    ? { host: undefined, ...parseImage(text.slice(STORE.length)) }
    : parseRemote(text)

/** What is copied, and what it is called then. @throws UsageError */
const wantedOf = async (
  from: Origin,
  source: Side,
  target: Side,
  allTags: boolean,
): Promise<readonly Wanted[]> => {
  if (target.digest !== undefined) {
    throw new UsageError('the target has a digest: expected HOST/NAME or HOST/NAME:TAG')
  }
  if (!allTags) {
    const reference = source.digest ?? source.tag ?? 'latest'
    const tag = target.tag ?? source.tag ?? (source.digest === undefined ? 'latest' : undefined)
    return [{ reference, tags: tag === undefined ? [] : [tag] }]
  }
  if (source.tag !== undefined || source.digest !== undefined || target.tag !== undefined) {
    throw new UsageError('with --all-tags, neither side has a tag or a digest')
  }
  // Lists of referrers are made anew where they are needed.
  const tags = (await from.tags()).filter((tag) => !isFallbackTag(tag))
  return tags.map((tag) => ({ reference: tag, tags: [tag] }))
}

/** Opens both sides; a registry that is on both mounts blobs. */
const openSides = async (
  io: Io,
  { http }: Mover,
  {
    source,
    target,
    plainHttp,
    settings,
  }: {
    readonly source: Side
    readonly target: Side
    readonly plainHttp: boolean
    readonly settings: Given['settings']
  },
): Promise<{ readonly from: Origin; readonly to: Destination }> => {
  const same = source.host === target.host && source.name !== target.name
  const ofStore = source.host !== undefined && target.host !== undefined ? undefined : settings
  const stored =
    ofStore &&
    (await (
      await import('../ways/copies-in-store.ts')
    ).imagesInStore(io, await io.openStore(ofStore), ofStore['index-children']))
  const remote = async (host: string) => openRemote(io, http, await originOf(http, host, plainHttp))
  const from =
    source.host === undefined
      ? stored!.origin(source.name)
      : (await remote(source.host)).origin(source.name)
  const to =
    target.host === undefined
      ? stored!.destination(target.name)
      : (await remote(target.host)).destination(target.name, same ? source.name : undefined)
  return { from, to }
}

/** Copies images. @throws UsageError, TransferError; CommandError where some of many were not copied */
export const copy = async (io: Io, { args, flags, settings }: Given): Promise<void> => {
  const [to, ...more] = args.target
  if (to === undefined || more.length > 0) {
    throw new UsageError('slipway copy takes a source and a target')
  }
  const [source, target] = [sideOf(args.source), sideOf(to)]
  const platforms = flags.platform.map(parsePlatform)
  const mover = openMover(io, flags.json)
  io.onStop(() => io.exit(130))
  try {
    const plainHttp = flags['plain-http']
    const sides = await openSides(io, mover, { source, target, plainHttp, settings })
    const wanted = await wantedOf(sides.from, source, target, flags['all-tags'])
    const move = { ...sides, wanted, platforms, referrers: flags.referrers }
    if (!flags['all-tags']) {
      await mover.move(move)
      mover.summarize()
      return
    }
    const { goingOn, failures, tolerance } = newCourse(io, flags.json)
    await mover.move({ ...move, goingOn: goingOn(sides.from.called) })
    mover.summarize()
    if (failures.length === 0) return
    for (const { what, why } of failures) io.say(`${what} was not copied: ${why}`)
    if (tolerance.given !== undefined) io.say('No more were tried, since all would fail so.')
    const count = `${failures.length} of ${wanted.length} images`
    throw new CommandError(`${count} were not copied: the same command tries them again`)
  } finally {
    mover.close()
  }
}
