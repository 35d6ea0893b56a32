/**
 * `slipway check`.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { readDocument } from '../../auth/document.ts'
import type { Settings } from '../../compose/settings.ts'
import { checkStore } from '../../registry/check/check.ts'
import type { CheckTimes } from '../../registry/check/view.ts'
import { DAY, TIMES } from '../../registry/clean-up/terms.ts'
import { UPSTREAMS_KEY } from '../../registry/layout.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { StoreIo } from '../command.ts'

/** Milliseconds that a push may take from its first look to its last write. */
const LONGEST_PUSH = 5 * 60_000

interface Given {
  readonly settings?: Partial<Pick<Settings, 'index-children' | 'gc-grace' | 'undelete-days'>>
  readonly flags: {
    readonly repair: boolean
    readonly verify: boolean
    readonly json: boolean
    readonly from: string | undefined
  }
}

/** Times that servers and clean-ups go by; those that are not said are those of every host. */
const timesIn = (settings: Given['settings'] = {}): CheckTimes => ({
  grace: (settings['gc-grace'] ?? TIMES.grace / 1000) * 1000,
  undelete: (settings['undelete-days'] ?? TIMES.undelete / DAY) * DAY,
})

/** Which repositories come from upstreams, and need not have all that their manifests refer to. */
const copiesIn = async (store: ObjectStore): Promise<((name: string) => boolean) | undefined> => {
  const text = await readDocument(store, UPSTREAMS_KEY)
  if (text === undefined) return undefined
  const { parseUpstreams } = await import('../../upstreams/parse.ts')
  const { routing } = await import('../../upstreams/route.ts')
  const routeOf = routing(parseUpstreams(text))
  return (name) => typeof routeOf(name) !== 'string'
}

const COULD_NOT = 2
const STOPPED = 130

const INEXACT =
  'This store cannot look at an object and delete it in one step: repair it while nothing is pushed, or check it again afterwards.'

/**
 * Checks the store.
 *
 * @returns 0 when nothing is wrong, or all of it was mended; 1 when something is; 2 when it could not
 *   look; 130 when it was stopped
 */
export const check = async (
  { store, now, print, say, progress, onStop, exit }: StoreIo,
  { flags, settings }: Given,
): Promise<number> => {
  const { repair, verify, json, from } = flags
  const line = progress()
  let stopping = false
  onStop(() => {
    // The second signal means it.
    if (stopping) exit(STOPPED)
    stopping = true
  })
  let last = from
  try {
    if ((await store.list('', { limit: 1 })).objects.length === 0) {
      say('slipway: there is nothing in this store: see --store')
      return COULD_NOT
    }
    if (repair && !(await store.deletesExactly())) say(INEXACT)
    const done = await checkStore(store, {
      repair,
      verify,
      from,
      requiredChildren: settings?.['index-children'],
      isCopy: await copiesIn(store),
      times: timesIn(settings),
      now,
      wait: async () => {
        line.show('Waiting five minutes for pushes that saw what was removed')
        await sleep(LONGEST_PUSH)
      },
      report: (finding, mended) => {
        line.end()
        const { kind, key, text } = finding
        if (json) print(JSON.stringify({ ...finding, ...(mended && { mended }) }))
        else print(`${kind}\t${key}\n\t${text}${mended ? `; ${mended}` : ''}`)
      },
      progress: (key, objects) => {
        last = key
        line.show(`Checking: ${objects} objects, at ${key}`)
        return stopping
      },
    })
    line.end()
    const { objects, found, mended, stoppedAfter } = done
    const sum = `${objects} objects looked at, ${found} findings, ${mended} mended`
    if (json) print(JSON.stringify({ kind: 'sum', objects, found, mended, stoppedAfter }))
    if (stoppedAfter !== undefined) {
      say(`Stopped: ${sum}. Go on with --from ${stoppedAfter}`)
      return STOPPED
    }
    say(`${sum}.`)
    return found > mended ? 1 : 0
  } catch (error) {
    line.end()
    const why = error instanceof Error ? error.message : String(error)
    const goOn = last === undefined ? '' : `; go on with --from ${last}`
    say(`slipway: the store could not be checked: ${why}${goOn}`)
    return COULD_NOT
  }
}
