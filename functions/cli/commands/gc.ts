/**
 * `slipway gc`.
 *
 * @module
 */

import { evictedOf } from '../../compose/evicted.ts'
import type { Settings } from '../../compose/settings.ts'
import type { End, Line, Request } from '../../node/hand-over/messages.ts'
import type { Other } from '../../node/presence.ts'
import { type Collected, collect } from '../../registry/clean-up/collect.ts'
import { type Released, release } from '../../registry/clean-up/release.ts'
import { type Times, timesOf } from '../../registry/clean-up/terms.ts'
import type { Thing } from '../../registry/clean-up/thing.ts'
import type { StoreIo } from '../command.ts'
import { BUSY, COULD_NOT, type GcFlags, STOPPED, tell, tellReleased } from '../gc-ending.ts'
import { lineOf } from '../gc-lines.ts'
import type { Progress } from '../progress.ts'
import { recorderFor } from '../record-events.ts'

interface Given {
  readonly settings: Pick<Settings, 'gc-grace' | 'undelete-days'>
  readonly flags: GcFlags
}

const FILES = 'file:'

/** A directory that this process has taken, or the server that has it; nothing elsewhere. */
interface Place {
  readonly server?: Other
  readonly directory?: string
  leave(): Promise<void>
}

/**
 * Says that this process uses a directory, for which one collects at a time: nothing there bounds how late a write of
 * another process may land.
 */
const takePlace = async (location: string): Promise<Place> => {
  if (!location.startsWith(FILES)) return { leave: async () => {} }
  const directory = location.slice(FILES.length)
  const { announce } = await import('../../node/presence.ts')
  const { other, end } = await announce(directory)
  if (other === undefined) return { directory, leave: end }
  await end()
  return { directory, server: other, leave: async () => {} }
}

/** What is told while it is done. */
interface Told {
  readonly report: (thing: Thing) => void
  readonly note: (repository: string, text: string) => void
  readonly progress: (text: string) => void
  readonly isOver: () => boolean
}

const toldBy = (io: StoreIo, line: Progress, json: boolean, isOver: () => boolean): Told => ({
  report: (thing) => {
    line.end()
    io.print(json ? JSON.stringify(thing) : lineOf(thing))
  },
  note: (repository, text) => {
    line.end()
    if (json) io.print(JSON.stringify({ kind: 'note', repository, text }))
    else io.say(`${repository}: ${text}`)
  },
  progress: line.show,
  isOver,
})

/** Has the server do it. @returns how it has ended, and by which times */
const ask = async (
  io: StoreIo,
  directory: string,
  server: Other,
  { report, note, progress, isOver }: Told,
  { force, release }: GcFlags,
  times: Times,
): Promise<{ readonly end: End | undefined; readonly times: Times }> => {
  const { handOver } = await import('../../node/hand-over/give.ts')
  const request: Request = { version: 1, what: release ? 'release' : 'run', force }
  let theirs = times
  const hear = (line: Exclude<Line, { readonly end: unknown }>): void => {
    // What the server says is of the types that it has from the same code.
    if ('thing' in line) report(line.thing as Thing)
    else if ('note' in line) note(...line.note)
    else if ('progress' in line) progress(line.progress)
    else {
      theirs = line.begin as Times
      if (theirs.grace === times.grace && theirs.undelete === times.undelete) return
      io.say("slipway: the server's --gc-grace and --undelete-days count, which are others.")
    }
  }
  const end = await handOver(directory, server, request, { hear, isOver })
  return { end, times: theirs }
}

/** Does it in this process, or has the server do it. @returns the exit code */
const carryOut = async (
  io: StoreIo,
  place: Place,
  told: Told,
  flags: GcFlags,
  given: Times,
  endLine: () => void,
): Promise<number> => {
  const { server, directory } = place
  const monotonic = (): number => performance.now()
  if (server === undefined || directory === undefined) {
    if (flags.release) {
      const { progress, isOver } = told
      const ended = await release(io.store, {
        alone: directory !== undefined,
        progress: ({ links, markers }) => progress(`Releasing: ${links} links, ${markers} markers`),
        isOver,
        monotonic,
      })
      endLine()
      return tellReleased(io, ended, flags.json)
    }
    const { run, force, closed } = flags
    const ended = await collect(io.store, {
      times: given,
      run,
      force,
      closed,
      ...told,
      monotonic,
      events: recorderFor(io, io.store),
      findEvicted: evictedOf(io.store),
    })
    endLine()
    return tell(io, ended, flags, given)
  }
  if (!server.takes.includes('gc')) {
    io.say(`slipway: ${server.name} uses ${io.location}: try again when it has ended.`)
    return BUSY
  }
  if (flags.closed) {
    io.say(`slipway: ${server.name} uses ${io.location}, and --closed says that nothing else does.`)
    return BUSY
  }
  const { end, times } = await ask(io, directory, server, told, flags, given)
  endLine()
  // Nothing was begun.
  if (end === undefined) return STOPPED
  if ('failed' in end) throw new Error(end.failed)
  if ('refused' in end) {
    io.say(`slipway: ${end.refused}.`)
    return COULD_NOT
  }
  if (flags.release) return tellReleased(io, end.result as Released, flags.json)
  return tell(io, end.result as Collected, flags, times)
}

/**
 * Shows what a clean-up would do, or does it.
 *
 * @returns 0 when it is done; 1 when it would take more than half of all; 2 when the store could not be
 *   read or written, or nothing may clean up; 3 when another run goes on; 130 when it was stopped
 */
export const gc = async (io: StoreIo, given: Given): Promise<number> => {
  const { location, say, progress, onStop, exit } = io
  const { flags, settings } = given
  const line = progress()
  let stopping = false
  onStop(() => {
    // The second signal means it.
    if (stopping) exit(STOPPED)
    stopping = true
  })
  const told = toldBy(io, line, flags.json, () => stopping)
  const times = timesOf(settings['gc-grace'], settings['undelete-days'])
  const changes = flags.run || flags.release
  const place: Place = changes ? await takePlace(location) : { leave: async () => {} }
  try {
    return await carryOut(io, place, told, flags, times, line.end)
  } catch (error) {
    line.end()
    const why = error instanceof Error ? error.message : String(error)
    say(`slipway: the clean-up has failed: ${why}; what was done is done, and the next run goes on`)
    return COULD_NOT
  } finally {
    await place.leave()
  }
}
