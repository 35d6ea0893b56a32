/**
 * What errands ask S3 for, counted in what was recorded.
 *
 * @module
 */

import { table } from '../page/markdown.ts'
import { type Errand, requestsOf, stepsOf } from './errands.ts'
import type { Recorded, RecordedCall } from './recorded.ts'
import type { Sources } from './scenario.ts'

/** All calls of an errand by processes that remember nothing, without downloads. */
export const callsOf = (recorded: Recorded, errand: Errand): readonly RecordedCall[] =>
  stepsOf(errand)
    .flat()
    .flatMap(({ name }) => recorded[name]?.flat() ?? [])

/** Reads and writes of an errand. */
export const countOf = (recorded: Recorded, errand: Errand): { reads: number; writes: number } => {
  const calls = callsOf(recorded, errand)
  const writes = calls.filter(({ access }) => access === 'write').length
  return { reads: calls.length - writes, writes }
}

/** Downloads of blobs by the client. */
export const downloadsOf = (errand: Errand): number =>
  stepsOf(errand)
    .flat()
    .filter(({ name }) => name === 'download').length

const TITLES: readonly (readonly [Errand, string])[] = [
  ['check', 'HEAD of a tag'],
  ['pull', 'pull by tag, five layers'],
  ['pull by digest', 'pull by digest, five layers'],
  ['push', 'push of five new layers'],
]

/** Requests and calls of errands. */
export const callTable = ({ recorded }: Sources): string =>
  table(
    ['', 'requests', 'reads', 'writes', 'reads if all is remembered', 'downloads from S3'],
    TITLES.map(([errand, title]) => {
      const { reads, writes } = countOf(recorded, errand)
      const always = callsOf(recorded, errand).filter(
        ({ access, remembered }) => access === 'read' && remembered === 'never',
      ).length
      return [
        title,
        ...[requestsOf(errand), reads, writes, always, downloadsOf(errand)].map(String),
      ]
    }),
  )
