/**
 * Deletes a whole repository, as far as the time of a request goes.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectStore } from '../../storage/store.ts'
import type { Origin, Recorder } from '../happened.ts'
import type { Overridden } from '../retention/guard.ts'
import type { Retention } from '../retention/retention.ts'
import { begin } from './begin.ts'
import { readNote, settleTime } from './note.ts'
import { passWhole } from './pass.ts'

/** Milliseconds for which a request goes on. A function has 29 seconds for all of it. */
const LONGEST = 8_000

/** What a registry gives for it. */
export interface WholeParts {
  readonly store: ObjectStore
  readonly undeletes: boolean
  readonly rules: () => Promise<Retention>
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
  /** Waits for some milliseconds. Default: by this process's clock. */
  readonly wait?: ((milliseconds: number) => Promise<unknown>) | undefined
  /** Forgets a link that has changed. */
  readonly forget: (key: string) => Promise<void>
  /** Where events are recorded. Default: nowhere. */
  readonly events?: Recorder | undefined
}

export interface RemoveWholeOptions {
  /** Who asks for it, as the audit trail names them. */
  readonly by?: string | undefined
  /** Whether immutable tags go, too. */
  readonly override?: boolean | undefined
  /** Who asks for it, for the event. */
  readonly origin?: Origin | undefined
  /** Whether to leave the rest to others. Default: after {@link LONGEST}. */
  readonly isOver?: (() => boolean) | undefined
}

/** A whole repository that is deleted, or will be. */
export interface WholeRemoved {
  /** What was there before goes, by the clock of the store. */
  readonly at: Date
  /** Manifests that are gone. */
  readonly deleted: number
  /** Whether there is more to do, which is noted. */
  readonly remaining: boolean
  /** Immutable tags that go. */
  readonly overridden: readonly Overridden[]
}

const openEnd = (): (() => boolean) => {
  const start = performance.now()
  return () => performance.now() - start > LONGEST
}

/**
 * Deletes a whole repository: notes it, and takes away what it can. See pass.ts.
 *
 * @throws RegistryError NAME_UNKNOWN, TAG_IMMUTABLE
 */
export const removeWhole = async (
  parts: WholeParts,
  name: string,
  { by, override, origin, isOver = openEnd() }: RemoveWholeOptions,
): Promise<WholeRemoved> => {
  const { store, undeletes, rules, now, wait = sleep, forget, events } = parts
  const recording = events?.begin(name, origin)
  const { whole, overridden } = await begin(store, name, { by, override, rules, recording })
  recording?.done()
  await wait(settleTime(whole))
  const { isImmutable } = await rules()
  const options = { early: true, undeletes, isImmutable, isOver, now, forget }
  const passed = await passWhole(store, name, await readNote(store, name), options)
  return { at: new Date(whole.at), overridden, ...passed }
}
