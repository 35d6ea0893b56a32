/**
 * What there is to do in a repository: tags that differ, and tags that are gone.
 *
 * @module
 */

import { isName } from '../../registry/reference.ts'
import { quoted } from '../../shared/errors.ts'
import { inBatches } from '../../shared/parallel.ts'
import { isPassing, type Patience, patiently } from '../../transfer/copy/patience.ts'
import { chosenOf } from '../../transfer/copy/platforms.ts'
import type { Destination, Origin } from '../../transfer/copy/ports.ts'
import type { Tolerance } from '../../transfer/copy/tolerance.ts'
import { BusyError, MissingError, TransferError } from '../../transfer/errors.ts'
import type { Wanted } from '../copying.ts'
import type { Rule } from './parse.ts'
import type { Sides } from './sides.ts'

/** Tags that are looked at at a time. */
const AT_ONCE = 16

/** What there is to do in a repository. */
export interface Plan {
  /** Its names where images come from, and where they go to. */
  readonly source: string
  readonly target: string
  readonly from: Origin
  readonly to: Destination
  readonly wanted: readonly Wanted[]
  /** Tags that are as they should be. */
  readonly there: number
  /** Tags at the target that the rule is about and its source no longer has, where it deletes. */
  readonly gone: readonly string[]
  /** Tags at the target that the rule is about, where it deletes. */
  readonly mirrored: number
}

/** What plans are made with. */
export interface Planning {
  readonly rule: Rule
  readonly sides: Sides
  readonly patience: Patience
  readonly tolerance: Tolerance
}

/** The repositories of a rule, as they are called where they come from. @throws TransferError */
export const repositoriesOf = async ({
  rule,
  sides,
  patience,
}: Planning): Promise<readonly string[]> => {
  if (!rule.looks) return rule.named.filter(rule.has)
  try {
    const listed = await patiently(() => sides.from.names(), patience)
    return [...new Set([...rule.named, ...listed])].filter(rule.has).toSorted()
  } catch (error) {
    if (!(error instanceof TransferError) || error instanceof BusyError || isPassing(error)) {
      throw error
    }
    const advice = 'where repositories are not listed, name them without *'
    throw new TransferError(`${error.message}: ${advice}`, { cause: error })
  }
}

/** The tags of a repository; undefined where there is no such. */
const tagsOf = async (
  origin: Origin,
  patience: Patience,
): Promise<readonly string[] | undefined> => {
  try {
    return await patiently(() => origin.tags(), patience)
  } catch (error) {
    if (error instanceof MissingError) return undefined
    throw error
  }
}

/** What a tag should name at the target; undefined where only a copy can tell. */
const expectedOf = async (
  { rule, sides, patience }: Planning,
  origin: Origin,
  source: string,
  tag: string,
): Promise<string | undefined> => {
  if (rule.platforms.length === 0) {
    return (await patiently(() => sides.from.look(source, tag), patience))?.digest
  }
  const root = await patiently(() => origin.manifest(tag), patience)
  const chosen = chosenOf(origin.called, root, rule.platforms)
  return 'only' in chosen ? chosen.only.digest : chosen.index.digest
}

/** Finds what there is to do in a repository. @param source its name where images come from @throws TransferError */
export const planOf = async (planning: Planning, source: string): Promise<Plan> => {
  const { rule, sides, patience, tolerance } = planning
  const target = rule.renamed(source)
  // It becomes part of paths.
  if (!isName(source)) {
    throw new TransferError(`${quoted(source)} is listed, which is not a repository name`)
  }
  if (!isName(target)) {
    throw new TransferError(`it would be ${JSON.stringify(target)}, which is not a repository name`)
  }
  if (rule.from.host === rule.to.host && target === source) {
    throw new TransferError('it would be copied onto itself')
  }
  const origin = sides.from.origin(source)
  const mountFrom = rule.from.host === rule.to.host ? source : undefined
  const to = sides.to.destination(target, mountFrom)
  const places = { source, target, from: origin, to }
  // Deletes are by the whole list alone.
  const list = rule.tags.named === undefined || rule.deletes
  const listed = list ? await tagsOf(origin, patience) : []
  if (listed === undefined) {
    if (rule.named.includes(source)) throw new MissingError(`${origin.called} is not there`)
    // Some registries list what has no tags any more, and then do not know it.
    return { ...places, wanted: [], there: 0, gone: [], mirrored: 0 }
  }
  const has = new Set(listed)
  // One that is named in full and not there is a failure, unless it may go.
  const named = rule.tags.named?.filter((tag) => !list || has.has(tag))
  // Some registries list them in any order.
  const tags = named ?? rule.tags.choose(listed).toSorted()
  const isThere = async (tag: string): Promise<boolean> => {
    // As one who pushes: registries deny what is not there yet to those who only want to read it.
    const there = await patiently(() => to.tagged(tag), patience)
    if (there === undefined) return false
    return there === (await expectedOf(planning, origin, source, tag))
  }
  const differs = async (tag: string): Promise<boolean> => {
    // What refers to an image may be new though the image is not.
    if (rule.referrers) return true
    try {
      const differ = !(await isThere(tag))
      tolerance.worked()
      return differ
    } catch (error) {
      // What is wrong with a tag is told when it is copied.
      tolerance.failed(error)
      if (tolerance.given !== undefined) throw error
      return true
    }
  }
  const differ = await inBatches(tags, differs, AT_ONCE)
  const wanted = tags.filter((_, at) => differ[at])
  const mirrored = rule.deletes
    ? ((await tagsOf(sides.to.origin(target), patience)) ?? []).filter(rule.tags.has)
    : []
  return {
    ...places,
    wanted: wanted.map((tag) => ({ reference: tag, tags: [tag] })),
    there: tags.length - wanted.length,
    gone: mirrored.filter((tag) => !has.has(tag)),
    mirrored: mirrored.length,
  }
}
