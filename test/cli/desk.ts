/**
 * A desk from which commands are given, on a store of its own and with a clock that only it moves.
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises'
import type { TestContext } from 'vitest'
import type { Io } from '../../functions/cli/io.ts'
import { runCommand } from '../../functions/cli/main.ts'
import type { EdgeCache, EdgeCachePlace } from '../../functions/compose/aws/edge-cache.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { createClock } from '../auth/harness.ts'
import type { OpenedStore } from '../support/rig/stores.ts'

/** A desk. */
export interface Desk {
  readonly store: ObjectStore
  readonly clock: ReturnType<typeof createClock>
  /** What the last command printed, said and showed, a line each. */
  readonly printed: string[]
  readonly said: string[]
  readonly shown: string[]
  /** Files that commands can read, by path. */
  readonly files: Record<string, string>
  /** What is typed where a password is asked for. */
  password: string
  /** What an edge keeps. */
  openEdgeCache: (place: EdgeCachePlace) => EdgeCache
  /** Exit code of the last command. */
  code: number
  /** Asks the command that runs to end. */
  stop(): void
  /** Gives a command. @returns what it printed */
  give(line: string): Promise<readonly string[]>
}

/** Opens a desk. @param env what the environment says */
export const openDesk = async (
  t: Pick<TestContext, 'onTestFinished'>,
  open: () => Promise<OpenedStore>,
  env: Io['env'] = {},
): Promise<Desk> => {
  const { store, close } = await open()
  t.onTestFinished(close)
  const clock = createClock()
  const never = (what: string) => (): never => {
    throw new Error(`no command here ${what}`)
  }
  const stops: (() => void)[] = []
  const desk: Desk = {
    store,
    clock,
    printed: [],
    said: [],
    shown: [],
    files: {},
    password: 'secret',
    code: 0,
    openEdgeCache: never('asks an edge'),
    stop: () => {
      for (const stop of stops) stop()
    },
    give: async (line) => {
      stops.length = 0
      for (const lines of [desk.printed, desk.said, desk.shown]) lines.length = 0
      desk.code = await runCommand(line.split(' ').filter(Boolean), io)
      return [...desk.printed]
    },
  }
  const io: Io = {
    env,
    stdin: process.stdin,
    user: () => 'alice@laptop',
    now: clock.now,
    print: (line) => void desk.printed.push(line),
    say: (line) => void desk.said.push(line),
    progress: () => ({ show: (text) => void desk.shown.push(text), end: () => {} }),
    readPassword: async () => desk.password,
    readFile: async (path) => desk.files[path] ?? never(`reads ${path}`)(),
    openStore: async () => store,
    openEdgeCache: async (place) => desk.openEdgeCache(place),
    sleep: async (milliseconds) => {
      clock.pass(milliseconds)
      await setImmediate()
    },
    onStop: (listener) => void stops.push(listener),
    onReload: never('serves'),
    exit: never('ends the process'),
  }
  return desk
}
