/**
 * What `slipway gc` says at its end, and its exit codes.
 *
 * @module
 */

import type { Collected } from '../registry/clean-up/collect.ts'
import type { Released } from '../registry/clean-up/release.ts'
import type { Times } from '../registry/clean-up/terms.ts'
import type { StoreIo } from './command.ts'
import { doneIn, summary } from './gc-lines.ts'

/** Its flags. */
export interface GcFlags {
  readonly run: boolean
  readonly force: boolean
  readonly closed: boolean
  readonly release: boolean
  readonly json: boolean
}

/** It would take more than half of all; or something is left to be done later. */
export const REFUSED = 1
export const COULD_NOT = 2
export const BUSY = 3
export const STOPPED = 130

/** Says how a run has ended. @returns the exit code */
export const tell = (
  { print, say }: StoreIo,
  ended: Collected,
  { run, json }: GcFlags,
  times: Times,
): number => {
  if (json) print(JSON.stringify({ kind: 'sum', ...ended }))
  switch (ended.outcome) {
    case 'busy': {
      const since = new Date(ended.since).toISOString()
      say(`slipway: another clean-up goes on since ${since}; this one ends.`)
      return BUSY
    }
    case 'not-ready':
      say(`slipway: ${ended.why}. See docs/clean-up.md.`)
      return COULD_NOT
    case 'refused':
      say(summary(ended.planned, 'To be done', times))
      say(
        ended.foreign
          ? `slipway: stopped, since distribution or Slipway 1.0 seems to write here: ${ended.why} was written within the grace, and they do not heed a clean-up. Stop them, and wait for the grace; or add --force if that was the last of it.`
          : `slipway: stopped, since that is ${ended.why}. If it is right, add --force.`,
      )
      return REFUSED
    case 'stopped':
      say(`Stopped. ${summary(ended.planned, 'Planned so far', times)}`)
      if (run) say(`${doneIn(ended.done)} The next run goes on from here.`)
      return STOPPED
    case 'done':
      say(summary(ended.planned, 'To be done', times))
      say(run ? doneIn(ended.done) : 'Nothing was changed: add --run to do it.')
      return 0
  }
}

/** Says what was turned back. @returns the exit code */
export const tellReleased = ({ print, say }: StoreIo, ended: Released, json: boolean): number => {
  if (json) print(JSON.stringify({ kind: 'released', ...ended }))
  switch (ended.outcome) {
    case 'busy':
      say(
        `slipway: a clean-up goes on since ${new Date(ended.since).toISOString()}: stop it first.`,
      )
      return BUSY
    case 'kept-up': {
      const all = ended.by.map(
        ({ name, until }) => `${name} (until ${new Date(until).toISOString()}, if it has ended)`,
      )
      say(
        `slipway: registries with gc on would condemn it again: start them with --gc off first: ${all.join(', ')}.`,
      )
      return COULD_NOT
    }
    case 'stopped':
    case 'done': {
      const { links, markers, claimed, fenceGone, outcome } = ended
      say(`${links} links are plain again, ${markers} markers are gone.`)
      if (outcome === 'stopped') return STOPPED
      if (claimed > 0)
        say(`${claimed} blobs are being deleted, or just were: run this again in an hour.`)
      else if (!fenceGone) say('The fence has changed meanwhile: run this again.')
      else say('The fence is down: nothing cleans up here until a registry starts with gc on.')
      return fenceGone ? 0 : REFUSED
    }
  }
}
