/**
 * How links, and data that nobody links, stand for those who ask how many bytes there are.
 *
 * @module
 */

import { GOING, KEPT, type Use, WAITING } from '../usage/tally.ts'
import type { DataState } from './data.ts'
import type { Planned } from './thing.ts'
import type { ListedRepository } from './walk.ts'

/** How the links of a repository stand: of its blobs, then of its manifests, in their order. */
export const usesOf = (
  { layers, revisions }: ListedRepository,
  planned: readonly Planned[],
): readonly Use[] => {
  const steps = new Map(planned.map(({ thing: { key, step } }) => [key, step]))
  return [...layers, ...revisions].map(({ key, plain }) => {
    const step = steps.get(key)
    if (step === undefined) return plain ? KEPT : WAITING
    return step.startsWith('keep-') ? KEPT : GOING
  })
}

/** How data stands that no repository links. */
export const useOf = ({ stored }: DataState, planned: Planned | undefined): Use => {
  const step = planned?.thing.step
  if (step === 'condemn-data' || step === 'remove-data') return GOING
  const state = stored?.marker?.state
  return state === 'condemned' || state === 'claimed' ? WAITING : KEPT
}
