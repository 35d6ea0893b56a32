/**
 * `slipway usage`: how many bytes each repository has.
 *
 * @module
 */

import type { Settings } from '../../compose/settings.ts'
import { sayBytes } from '../../registry/quotas/bytes.ts'
import type { Matches } from '../../registry/retention/pattern.ts'
import type { RepositoryUsage } from '../../registry/usage/usage.ts'
import { createTable } from '../aligned.ts'
import { CommandError, UsageError } from '../errors.ts'
import { matcherOf } from '../patterns.ts'
import type { UsageFound, UsageIo } from '../ways/usage-io.ts'

interface Given {
  readonly settings: Pick<Settings, 'gc-grace' | 'undelete-days'>
  readonly args: { readonly pattern: readonly string[] }
  readonly flags: {
    readonly now: boolean
    readonly json: boolean
    readonly sort: 'size' | 'name'
  }
}

const NONE = 1
const COULD_NOT = 2
const BUSY = 3
const STOPPED = 130

const COLUMNS = [
  ...['OWN', 'SHARED', 'CONDEMNED', 'RECLAIMABLE'].map((title) => ({
    title,
    right: true as const,
  })),
  { title: 'REPOSITORY' },
]

const bytesOf = ({ own, shared }: RepositoryUsage): number => own + shared

/** The repositories that are asked for; sorted by size, all of them are in memory. */
async function* chosen(
  usage: UsageFound,
  matches: Matches,
  sort: Given['flags']['sort'],
): AsyncGenerator<RepositoryUsage> {
  const all: RepositoryUsage[] = []
  for await (const each of usage.repositories()) {
    if (!matches(each.name)) continue
    if (sort === 'name') yield each
    else all.push(each)
  }
  yield* all.sort((a, b) => bytesOf(b) - bytesOf(a))
}

/** Has the store walked. @returns an exit code when that has failed */
const walk = async (
  { walk: begin, ...io }: UsageIo,
  settings: Given['settings'],
): Promise<number | undefined> => {
  if (begin === undefined) {
    throw new UsageError('--now walks the store: it cannot be done from afar, with --registry')
  }
  const line = io.progress()
  let stopping = false
  io.onStop(() => {
    // The second signal means it.
    if (stopping) io.exit(STOPPED)
    stopping = true
  })
  const failed = await begin(settings, () => stopping, line.show).finally(line.end)
  if (typeof failed === 'object') {
    io.say(
      `slipway: a clean-up goes on since ${failed.busySince.toISOString()}: what it finds is the usage when it has ended.`,
    )
    return BUSY
  }
  return failed && STOPPED
}

/** What is known of the store as a whole. */
const ofPool = ({ pool, removed }: UsageFound): string => {
  if (pool === undefined) return '.'
  const { kept, condemned, reclaimable } = pool
  const [all, stays, waits, goes] = [
    kept + condemned + reclaimable,
    kept,
    condemned,
    reclaimable,
  ].map(sayBytes)
  const sum = `, and ${all} in the store: ${stays} kept, ${waits} condemned and in their grace, ${goes} that a clean-up takes`
  return removed === undefined
    ? `${sum}.`
    : `${sum}.\nThe clean-up that found this then removed ${sayBytes(removed.bytes)}.`
}

/**
 * Shows the bytes of repositories.
 *
 * @returns 0; 1 when no walk has ended yet; 2 when the store could not be read; 3 when a walk was asked for while
 *   one goes on; 130 when it was stopped
 */
export const showUsage = async (io: UsageIo, given: Given): Promise<number> => {
  const { print, say } = io
  const { now, json, sort } = given.flags
  const matches = matcherOf(given.args.pattern)
  try {
    const failed = now ? await walk(io, given.settings) : undefined
    if (failed !== undefined) return failed
    const usage = await io.readUsage()
    if (usage === undefined) {
      say(`slipway: no clean-up has walked this store yet: ${io.toCount}.`)
      return NONE
    }
    const table = createTable(io, COLUMNS)
    let shown = 0
    for await (const { name, ...bytes } of chosen(usage, matches, sort)) {
      shown += 1
      const { own, shared, condemned, reclaimable } = bytes
      if (json) print(JSON.stringify({ repository: name, ...bytes }))
      else table.row(...[own, shared, condemned, reclaimable].map(sayBytes), name)
    }
    if (!json) table.end()
    // Whoever may not see the whole store sees how many there are of what is shown.
    const { date, count = shown, pool, removed } = usage
    if (json) print(JSON.stringify({ kind: 'sum', date, repositories: count, ...pool, removed }))
    else say(`As of ${date.toISOString()}: ${count} repositories${ofPool(usage)}`)
    return 0
  } catch (error) {
    if (error instanceof CommandError) throw error
    const why = error instanceof Error ? error.message : String(error)
    say(`slipway: the usage could not be read: ${why}`)
    return COULD_NOT
  }
}
