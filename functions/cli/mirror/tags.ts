/**
 * Which tags of a repository are kept in step.
 *
 * @module
 */

import { compilePatterns } from '../../registry/retention/pattern.ts'
import { isFallbackTag } from '../../transfer/registry/referrers-tag.ts'
import { compareVersions, rangeOf, type Version, versionOf } from './versions.ts'

/** A choice of tags. */
export interface TagRule {
  /** The tags, where they are named in full; undefined: the repository is asked for its own. */
  readonly named: readonly string[] | undefined
  /** Whether a tag is such, whatever else there is. */
  readonly has: (tag: string) => boolean
  /** What is chosen of these. */
  readonly choose: (tags: readonly string[]) => readonly string[]
}

/** What a document says of tags. */
interface Written {
  readonly tags: readonly string[]
  readonly except?: readonly string[] | undefined
  readonly versions?: string | undefined
  readonly newest?: number | undefined
}

/** Those that are no versions, and the highest that are. */
const highest = (tags: readonly string[], count: number): readonly string[] => {
  const versions = tags.flatMap((tag) => {
    const version = versionOf(tag)
    return version === undefined ? [] : [{ tag, version }]
  })
  const byVersion = (a: { readonly version: Version }, b: { readonly version: Version }): number =>
    compareVersions(b.version, a.version)
  const kept = new Set(
    versions
      .toSorted(byVersion)
      .slice(0, count)
      .map(({ tag }) => tag),
  )
  return tags.filter((tag) => kept.has(tag) || versionOf(tag) === undefined)
}

/** Compiles a choice that has no fault. */
export const compileTags = ({ tags, except = [], versions, newest }: Written): TagRule => {
  const matches = compilePatterns(tags)
  const excepted = compilePatterns(except)
  const range = versions === undefined ? undefined : rangeOf(versions)
  const has = (tag: string): boolean => {
    // Lists of referrers are made anew where they are needed.
    if (!matches(tag) || excepted(tag) || isFallbackTag(tag)) return false
    if (range === undefined) return true
    const version = versionOf(tag)
    return version !== undefined && range(version)
  }
  const isOfPatterns = tags.some((each) => each.includes('*'))
  return {
    named: isOfPatterns || newest !== undefined ? undefined : tags.filter(has),
    has,
    choose(all) {
      const found = all.filter(has)
      return newest === undefined ? found : highest(found, newest)
    },
  }
}
