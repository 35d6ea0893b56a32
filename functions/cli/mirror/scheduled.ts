/**
 * Rules by their schedules, of a function that is called now and then and forgets everything between.
 *
 * @module
 */

import { type Lease, takeLease } from '../../registry/clean-up/lease.ts'
import { mirrorKey } from '../../registry/layout.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Io } from '../io.ts'
import type { Rule } from './parse.ts'
import { type Report, runRule } from './run.ts'
import type { MirrorSettings } from './sides.ts'
import { openState, type State } from './state.ts'
import { storedState } from './state-places.ts'
import { dueOf } from './watch.ts'

/** Milliseconds between two looks at whether the lease has to be kept. */
const BEAT = 10_000

/** One call. */
export interface Call {
  readonly io: Io
  readonly rules: readonly Rule[]
  readonly settings: MirrorSettings
  /** Whether rules run although it is not time for them. */
  readonly now: boolean
  /** Whether the call is about to end. */
  readonly isOver: () => boolean
  /** Is told of each run. */
  readonly ran: (rule: string, report: Report) => void
}

/** What is to run, that which has waited longest first. */
const dueIn = ({ io, rules, now }: Call, state: State): readonly Rule[] => {
  const time = io.now()
  return rules
    .map((rule) => ({ rule, due: dueOf(rule, state.of(rule.name), time) }))
    .filter(({ due }) => now || due <= time)
    .toSorted((a, b) => a.due - b.due)
    .map(({ rule }) => rule)
}

/** Does work that ends early where another call has taken over. */
const held = async (lease: Lease, work: (isLost: () => boolean) => Promise<void>) => {
  let lost = false
  const keep = async (): Promise<void> => {
    lost ||= !(await lease.keep())
  }
  // A store that fails tells those that work.
  const beat = setInterval(() => void keep().catch(() => {}), BEAT)
  try {
    await work(() => lost)
  } finally {
    clearInterval(beat)
    await lease.release()
  }
}

/** Runs the rules whose time has come; none while another call does. @throws StoreError */
export const runDue = async (store: ObjectStore, call: Call): Promise<void> => {
  const { io, settings, isOver, ran } = call
  const place = storedState(store)
  const open = () =>
    openState(place, () => io.say(`${place.called} is damaged: it is written anew`))
  if (dueIn(call, await open()).length === 0) return
  const lease = await takeLease(store, io.now(), () => performance.now(), mirrorKey('lease'))
  if (lease instanceof Date) return
  await held(lease, async (isLost) => {
    const isStopped = () => isOver() || isLost()
    // Another call may just have ended.
    const state = await open()
    for (const rule of dueIn(call, state)) {
      if (isStopped()) return
      const options = { settings, json: false, maxDeletes: undefined, isStopped }
      const report = await runRule(io, rule, options)
      ran(rule.name, report)
      await state.keep(rule.name, report)
    }
  })
}
