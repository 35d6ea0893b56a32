/**
 * A process that pushes is killed again and again, wherever it is: each tag that the store has, each that is gone, and
 * each blob has its record.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { prove } from '../../functions/events/proof.ts'
import { REPOSITORIES_PREFIX } from '../../functions/registry/layout.ts'
import { readLink } from '../../functions/registry/links.ts'
import { listPages } from '../../functions/storage/pages.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { eventsIn } from '../support/rig/recorded.ts'

const PROGRAM = fileURLToPath(new URL('killed-pushes.ts', import.meta.url))
/** `.ci/long events` has 1,000. */
const KILLS = Number(process.env.SLIPWAY_KILLS ?? 12)
/** Most rounds of pushes that a process ends: machines differ in how long these take. */
const MOST_ROUNDS = 5

const { path, remove } = await temporaryDirectory()
afterAll(remove)

const pushUntilKilled = async (round: number): Promise<void> => {
  const child = spawn(process.execPath, [PROGRAM, path, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const rounds = Math.ceil(Math.random() * MOST_ROUNDS)
  let lines = 0
  let last = performance.now()
  let took = 0
  for await (const _ of createInterface(child.stdout)) {
    took = performance.now() - last
    last += took
    if (lines++ === rounds) break
  }
  // Somewhere in the next one.
  await delay(Math.random() * took)
  child.kill('SIGKILL')
  const [code, signal] = await exit
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' })
}

test(`each tag and blob has its record after ${KILLS} kills`, async () => {
  for (let round = 0; round < KILLS; round++) await pushUntilKilled(round)
  const store = openFileStore(path)
  const events = await eventsIn(store)
  const proved = await Promise.all(events.map((each) => prove(store, each)))
  const kept = events.filter((_, at) => proved[at] !== 'not')
  const pushed = new Set(
    kept
      .filter(({ action }) => action === 'push')
      .map(({ target }) => `${target?.tag ?? ''} ${target?.digest}`),
  )
  const deleted = new Set(
    kept.filter(({ action }) => action === 'delete').map(({ target }) => target?.tag),
  )
  const lacking: string[] = []
  const there = new Set<string>()
  for await (const page of listPages(store, REPOSITORIES_PREFIX)) {
    for (const { key } of page) {
      const link = await readLink(store, key)
      const tag = /\/tags\/([^/]+)\/current\/link$/.exec(key)?.[1]
      const isBlob = key.includes('/_layers/')
      if (link === undefined || (tag === undefined && !isBlob)) continue
      if (tag !== undefined) there.add(tag)
      if (!pushed.has(`${tag ?? ''} ${link.target}`)) lacking.push(`${key} at ${link.target}`)
    }
  }
  expect(lacking).toEqual([])
  expect(there.size).toBeGreaterThan(KILLS / 2)
  // Tags of each process are numbered in order: one that is missing before a later one was deleted.
  for (const tag of there) {
    const [, round, count] = /^r(\d+)-(\d+)$/.exec(tag) ?? []
    for (let at = 0; at < Number(count ?? 0); at++) {
      const before = `r${round}-${at}`
      if (!there.has(before) && !deleted.has(before)) lacking.push(`${before} is gone`)
    }
  }
  expect(lacking).toEqual([])
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
}, 3_600_000)
