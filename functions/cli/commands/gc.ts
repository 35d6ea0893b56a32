/**
 * `slipway gc`.
 *
 * @module
 */

import type { Settings } from '../../compose/settings.ts'
import { type Collected, collect } from '../../registry/clean-up/collect.ts'
import { release as releaseAll } from '../../registry/clean-up/release.ts'
import { type Times, timesOf } from '../../registry/clean-up/terms.ts'
import type { Thing } from '../../registry/clean-up/thing.ts'
import type { Totals } from '../../registry/clean-up/totals.ts'
import type { StoreIo } from '../command.ts'

interface Given {
  readonly settings: Pick<Settings, 'gc-grace' | 'undelete-days'>
  readonly flags: {
    readonly run: boolean
    readonly force: boolean
    readonly closed: boolean
    readonly release: boolean
    readonly json: boolean
  }
}

const REFUSED = 1
const COULD_NOT = 2
const BUSY = 3
const STOPPED = 130

/** What a thing is about, as commands and clients name it. */
const nameOf = ({ repository, tag, digest, key }: Thing): string => {
  if (repository === undefined) return digest ?? key
  if (tag !== undefined) return `${repository}:${tag}`
  return digest === undefined ? repository : `${repository}@${digest}`
}

const lineOf = (thing: Thing): string => {
  const { step, size, why, rule } = thing
  const bytes = size === undefined ? '' : ` (${size} bytes)`
  return `${step}\t${nameOf(thing)}${bytes}\n\t${why}${rule === undefined ? '' : `; rule ${rule}`}`
}

const stepsIn = ({ steps }: Totals): string => {
  const all = Object.entries(steps).map(
    ([step, { things, bytes }]) => `${step} ${things}${bytes > 0 ? ` (${bytes} bytes)` : ''}`,
  )
  return all.length === 0 ? 'nothing' : all.join(', ')
}

const seenIn = ({ seen }: Totals): string =>
  `${seen.repositories} repositories, ${seen.manifests} manifests, ${seen.tags} tags, ${seen.links} links of blobs, ${seen.data.bytes} bytes in ${seen.data.things} blobs and manifests`

const hours = (span: number): string => `${Math.round(span / 360_000) / 10} hours`

/** What was found, and how long bytes take to come free. */
const summary = (totals: Totals, what: string, { undelete, grace }: Times): string =>
  `${seenIn(totals)}.\n${what}: ${stepsIn(totals)}.\nA deleted manifest stays for ${hours(undelete)}, so that it can come back; then its blobs' links go, and then its bytes, each condemned for ${hours(grace)} before.`

/** Says how a run has ended. @returns the exit code */
const tell = (
  { print, say }: StoreIo,
  ended: Collected,
  { run, json }: Given['flags'],
  times: Times,
): number => {
  if (json) print(JSON.stringify({ kind: 'sum', ...ended }))
  switch (ended.outcome) {
    case 'busy':
      say(`slipway: another clean-up goes on since ${ended.since.toISOString()}; this one ends.`)
      return BUSY
    case 'not-ready':
      say(`slipway: ${ended.why}. See docs/clean-up.md.`)
      return COULD_NOT
    case 'refused':
      say(summary(ended.planned, 'To be done', times))
      say(`slipway: stopped, since that is ${ended.why}. If it is right, add --force.`)
      return REFUSED
    case 'stopped':
      say(`Stopped. ${summary(ended.planned, 'Planned so far', times)}`)
      if (run) say(`Done: ${stepsIn(ended.done)}. The next run goes on from here.`)
      return STOPPED
    case 'done':
      say(summary(ended.planned, 'To be done', times))
      say(run ? `Done: ${stepsIn(ended.done)}.` : 'Nothing was changed: add --run to do it.')
      return 0
  }
}

/** Turns everything back. */
const release = async (
  { store, say, progress, print }: StoreIo,
  json: boolean,
): Promise<number> => {
  const line = progress()
  const done = await releaseAll(store, ({ links, markers }) =>
    line.show(`Releasing: ${links} links, ${markers} markers`),
  )
  line.end()
  if (json) print(JSON.stringify({ kind: 'released', ...done }))
  say(`${done.links} links are plain again, ${done.markers} markers are gone.`)
  if (done.claimed === 0) return 0
  say(`${done.claimed} blobs are being deleted: run this again in an hour.`)
  return REFUSED
}

const FILES = 'file:'

/**
 * Says that this process uses a directory, for which one collects at a time: nothing there bounds how late
 * a write of another process may land.
 *
 * @returns what ends that; undefined when a server uses it
 */
const takeDirectory = async (location: string): Promise<(() => Promise<void>) | undefined> => {
  if (!location.startsWith(FILES)) return async () => {}
  const { announce } = await import('../../node/presence.ts')
  const { other, end } = await announce(location.slice(FILES.length))
  if (other === undefined) return end
  await end()
  return undefined
}

/**
 * Shows what a clean-up would do, or does it.
 *
 * @returns 0 when it is done; 1 when it would take more than half of all; 2 when the store could not be
 *   read or written; 3 when another run goes on; 130 when it was stopped
 */
export const gc = async (io: StoreIo, given: Given): Promise<number> => {
  const { store, location, print, say, progress, onStop, exit } = io
  const { run, force, closed, json } = given.flags
  const leave = run ? await takeDirectory(location) : async () => {}
  if (leave === undefined) {
    say(`slipway: a server uses ${location}: with --gc on it cleans up by itself, every day.`)
    return BUSY
  }
  const times = timesOf(given.settings['gc-grace'], given.settings['undelete-days'])
  const line = progress()
  let stopping = false
  onStop(() => {
    // The second signal means it.
    if (stopping) exit(STOPPED)
    stopping = true
  })
  try {
    if (given.flags.release) return await release(io, json)
    const ended = await collect(store, {
      times,
      run,
      force,
      closed,
      report: (thing) => {
        line.end()
        print(json ? JSON.stringify(thing) : lineOf(thing))
      },
      note: (repository, text) => {
        line.end()
        if (json) print(JSON.stringify({ kind: 'note', repository, text }))
        else say(`${repository}: ${text}`)
      },
      progress: line.show,
      isOver: () => stopping,
      monotonic: () => performance.now(),
    })
    line.end()
    return tell(io, ended, given.flags, times)
  } catch (error) {
    line.end()
    const why = error instanceof Error ? error.message : String(error)
    say(`slipway: the clean-up has failed: ${why}; what was done is done, and the next run goes on`)
    return COULD_NOT
  } finally {
    await leave()
  }
}
