/**
 * The tables of calls to S3, of growth and of the Lambda function.
 *
 * @module
 */

import { totalOf } from '../calls.ts'
import type { Grown, Results } from '../results.ts'
import { megabytes, short, table } from './markdown.ts'

/** Titles of what is counted. */
const WORDS: Readonly<Record<string, string>> = {
  'layer-docker-1mib': 'layer of 1 MiB, docker-style',
  'layer-containerd-1mib': 'layer of 1 MiB, containerd-style',
  'layer-docker-100mib': 'layer of 100 MiB, docker-style',
  'layer-containerd-100mib': 'layer of 100 MiB, containerd-style',
  'manifest-put-20-layers': 'PUT manifest of 20 layers, just pushed',
  'push-again-20-layers': 'push again, 20 layers unchanged',
  'pull-20-layers': 'pull of 20 layers',
  'manifest-by-tag': 'GET manifest by tag',
  'manifest-by-digest': 'GET manifest by digest',
  'blob-head': 'HEAD blob',
  'blob-get': 'GET blob, redirected',
  'tags-list': 'GET tags/list',
}

const titleOf = (id: string): string => {
  const again = id.endsWith('-again')
  const word = WORDS[again ? id.slice(0, -'-again'.length) : id] ?? WORDS[id] ?? id
  return again ? `${word}, once more` : word
}

/** Calls to S3 by request, and how many of them one after the other. */
export const countTable = ({ counted, participants }: Results): string => {
  const ids = [...new Set(counted.map(({ id }) => id))]
  const rows = ids.map((id) => [
    titleOf(id),
    ...participants.map(({ peer }) => {
      const found = counted.find((each) => each.id === id && each.peer === peer)
      return found === undefined ? '' : `${totalOf(found.calls)} in ${found.steps}`
    }),
  ])
  return table(['calls in steps', ...participants.map(({ title }) => title)], rows)
}

/** What operations cost where there is much already. */
export const growthTable = (grown: readonly Grown[], of: Grown['of']): string => {
  const mine = grown.filter((each) => each.of === of)
  const sizes = [...new Set(mine.map(({ entries }) => entries))]
  const rows = [...new Set(mine.map(({ operation }) => operation))].map((operation) => [
    operation,
    ...sizes.map((entries) => {
      const found = mine.find((each) => each.operation === operation && each.entries === entries)
      if (found === undefined) return ''
      const { milliseconds, calls, extraBytes } = found
      return `${short(milliseconds.median)} ms · ${totalOf(calls)} · ${megabytes(extraBytes)} MB`
    }),
  ])
  const head = sizes.map((size) => `${size.toLocaleString('en-US')} ${of}`)
  return table(['time · calls · more memory', ...head], rows)
}

/** What kinds of requests cost in the handler of the Lambda function. */
export const lambdaTable = ({ invoked }: Results): string => {
  const kinds = [...new Set(invoked.map(({ request }) => request))]
  const rows = kinds.map((request) => [
    request,
    ...(['cold', 'warm'] as const).map((start) => {
      const found = invoked.find((each) => each.request === request && each.start === start)
      if (found === undefined) return ''
      const { milliseconds, calls, steps, peakBytes } = found
      return `${short(milliseconds.median)} ms · ${totalOf(calls)} in ${steps} · ${megabytes(peakBytes)} MB`
    }),
  ])
  return table(['time · calls in steps · peak memory', 'cold', 'warm'], rows)
}
