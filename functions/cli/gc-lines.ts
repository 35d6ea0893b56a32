/**
 * What `slipway gc` says of things and sums.
 *
 * @module
 */

import type { Times } from '../registry/clean-up/terms.ts'
import type { Thing } from '../registry/clean-up/thing.ts'
import type { Totals } from '../registry/clean-up/totals.ts'

/** What a thing is about, as commands and clients name it. */
const nameOf = ({ repository, tag, digest, key }: Thing): string => {
  if (repository === undefined) return digest ?? key
  if (tag !== undefined) return `${repository}:${tag}`
  return digest === undefined ? repository : `${repository}@${digest}`
}

/** A thing, on two lines. */
export const lineOf = (thing: Thing): string => {
  const { step, size, why, rule } = thing
  const bytes = size === undefined ? '' : ` (${size} bytes)`
  return `${step}\t${nameOf(thing)}${bytes}\n\t${why}${rule === undefined ? '' : `; rule ${rule}`}`
}

/** How often each step, and its bytes. */
export const stepsIn = ({ steps }: Totals): string => {
  const all = Object.entries(steps).map(
    ([step, { things, bytes }]) => `${step} ${things}${bytes > 0 ? ` (${bytes} bytes)` : ''}`,
  )
  return all.length === 0 ? 'nothing' : all.join(', ')
}

/** What was done, and how often something had changed before. */
export const doneIn = (totals: Totals): string => {
  const { changed = 0 } = totals
  const left = changed === 0 ? '' : ` ${changed} had changed meanwhile, and were left.`
  return `Done: ${stepsIn(totals)}.${left}`
}

const seenIn = ({ seen }: Totals): string =>
  `${seen.repositories} repositories, ${seen.manifests} manifests, ${seen.tags} tags, ${seen.links} links of blobs, ${seen.data.bytes} bytes in ${seen.data.things} blobs and manifests`

const hours = (span: number): string => `${Math.round(span / 360_000) / 10} hours`

/** What was found, and how long bytes take to come free. */
export const summary = (totals: Totals, what: string, { undelete, grace }: Times): string =>
  `${seenIn(totals)}.\n${what}: ${stepsIn(totals)}.\nA deleted manifest stays for ${hours(undelete)}, so that it can come back; then its blobs' links go, and then its bytes, each condemned for ${hours(grace)} before.`
