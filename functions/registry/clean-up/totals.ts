/**
 * What a run has seen, and what of it goes.
 *
 * @module
 */

import type { Step, Thing } from './thing.ts'

/** Things of a kind, and their bytes. */
export interface Sum {
  things: number
  bytes: number
}

/** What there is. */
export interface Seen {
  repositories: number
  /** Links of blobs. */
  links: number
  /** Links of manifests, deleted ones too. */
  manifests: number
  tags: number
  /** Bytes of blobs and manifests, each once. */
  data: Sum
}

/** What there is, and what was planned or done, by step. */
export interface Totals {
  readonly seen: Seen
  readonly steps: Partial<Record<Step, Sum>>
  /** Of what was done: things that had changed when it was their turn, and were left. Absent: none. */
  changed?: number
}

export const newTotals = (): Totals => ({
  seen: { repositories: 0, links: 0, manifests: 0, tags: 0, data: { things: 0, bytes: 0 } },
  steps: {},
})

/** Counts a thing. */
export const count = ({ steps }: Totals, { step, size = 0 }: Thing): void => {
  const sum = steps[step] ?? { things: 0, bytes: 0 }
  steps[step] = { things: sum.things + 1, bytes: sum.bytes + size }
}

/** Counts a thing that had changed, and was left. */
export const countChanged = (totals: Totals): void => {
  totals.changed = (totals.changed ?? 0) + 1
}

/** Adds what was counted apart. */
export const addSteps = ({ steps }: Totals, { steps: more }: Totals): void => {
  for (const [step, { things, bytes }] of Object.entries(more) as [Step, Sum][]) {
    const sum = steps[step] ?? { things: 0, bytes: 0 }
    steps[step] = { things: sum.things + things, bytes: sum.bytes + bytes }
  }
}

const sumOf = ({ steps }: Totals, names: readonly Step[], of: keyof Sum): number =>
  names.reduce((sum, name) => sum + (steps[name]?.[of] ?? 0), 0)

/** What a run would take more than half of, in words; undefined when there is nothing like that. */
export const moreThanHalf = (totals: Totals): string | undefined => {
  const { data, links, manifests, tags } = totals.seen
  const bytes = sumOf(totals, ['condemn-data', 'remove-data'], 'bytes')
  if (bytes * 2 > data.bytes) return `${bytes} of ${data.bytes} bytes`
  const unlinked = sumOf(totals, ['condemn-link', 'remove-link'], 'things')
  if (unlinked * 2 > links) return `${unlinked} of ${links} links of blobs`
  const gone = sumOf(totals, ['condemn-manifest', 'delete-manifest', 'remove-manifest'], 'things')
  if (gone * 2 > manifests) return `${gone} of ${manifests} manifests`
  const untagged = sumOf(totals, ['remove-tag'], 'things')
  if (untagged * 2 > tags) return `${untagged} of ${tags} tags`
  return undefined
}
