/**
 * A process that pushes and sends events is killed again and again, wherever it is: also while a receiver has an event, and
 * just after it has responded. Then what the receiver has had is compared with what was responded to, and with what the
 * store has: nothing is missing, and what came twice has one id.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { SETTLED } from '../../functions/events/fan-out.ts'
import { cloudEventBody } from '../../functions/events/formats/cloudevents.ts'
import { COPYING, deliveryLeaseKey } from '../../functions/events/keys.ts'
import { parseReceivers } from '../../functions/events/receivers.ts'
import { EVENT_RECEIVERS_KEY, REPOSITORIES_PREFIX } from '../../functions/registry/layout.ts'
import { readLink } from '../../functions/registry/links.ts'
import { listPages } from '../../functions/storage/pages.ts'
import { write } from '../auth/harness.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { ORIGIN, serveReceiver } from './receiver.ts'
import { createProcess, createTime, DELIVERED, leftIn } from './rig.ts'

const PROGRAM = fileURLToPath(new URL('killed-pushes.ts', import.meta.url))
/** `.ci/long events` has 1,000. */
const KILLS = Number(process.env.SLIPWAY_KILLS ?? 12)
/** Most requests that a process ends, or events that it sends: machines differ in how long these take. */
const MOST = 20

const { path, remove } = await temporaryDirectory()
const compiled = await temporaryDirectory()
afterAll(() => Promise.all([remove(), compiled.remove()]))

const upTo = (most: number): number => Math.ceil(Math.random() * most)

/** An event, as the receiver has it. */
interface Told {
  readonly id: string
  readonly time: string
  readonly data: {
    readonly action: string
    readonly digest?: string
    readonly tag?: string
    readonly previous?: string
  }
}

/** What was told, as lines of the program have it. */
const lineOf = ({ data: { action, tag = '', digest = '' } }: Told): string =>
  `${action} ${tag} ${action === 'delete' ? '' : digest}`

/** When a process is killed: after so many requests, or events that were sent. */
type Kill =
  | { readonly after: 'requests'; readonly count: number }
  | { readonly after: 'taking' | 'responding'; count: number }

/** Serves a receiver that kills whom it is sent events by. */
const serveKiller = async () => {
  let [child, plan]: [ChildProcess | undefined, Kill | undefined] = [undefined, undefined]
  const kill = () => child?.kill('SIGKILL')
  const hooks = await serveReceiver((_, response) => {
    const due = plan && plan.after !== 'requests' && --plan.count === 0 ? plan.after : undefined
    if (due === 'taking') kill()
    response.end()
    if (due === 'responding') response.on('finish', kill)
  })
  return {
    ...hooks,
    aim(at: ChildProcess, how: Kill) {
      child = at
      plan = how
    },
  }
}

test(
  `the receiver has had each event after ${KILLS} kills`,
  async () => {
    const killer = await serveKiller()
    const store = openFileStore(path)
    const receiver = { name: 'log', url: killer.url, private: ['127.0.0.1'] }
    const document = JSON.stringify({ version: 1, receivers: [receiver] })
    await write(store, EVENT_RECEIVERS_KEY, document)
    const responded: string[] = []

    const run = async (round: number): Promise<void> => {
      const child = spawn(process.execPath, [PROGRAM, path, String(round)], {
        // Half of what a process costs is to compile its modules.
        env: { ...process.env, NODE_COMPILE_CACHE: compiled.path },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const exit = once(child, 'exit')
      const after = (['requests', 'taking', 'responding'] as const)[round % 3] ?? 'requests'
      const how = { after, count: upTo(MOST) }
      killer.aim(child, how)
      let last = performance.now()
      let count = 0
      for await (const line of createInterface(child.stdout)) {
        responded.push(line)
        const took = performance.now() - last
        last += took
        if (after !== 'requests' || ++count !== how.count) continue
        // Somewhere in the next one.
        await delay(Math.random() * took)
        child.kill('SIGKILL')
      }
      const [code, signal] = await exit
      expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' })
      // As after the minute that it takes others to see that it is dead.
      await store.delete([COPYING, 'log'].map(deliveryLeaseKey))
    }

    for (let round = 0; round < KILLS; round++) await run(round)
    // A process that is not killed, later.
    const log = killer.received.map(({ body }) => JSON.parse(body) as Told)
    const before = log.length
    const time = createTime()
    time.pass(SETTLED + 60_000)
    const rest = createProcess(
      store,
      parseReceivers(document),
      ({ event }) => {
        log.push(JSON.parse(cloudEventBody(event, ORIGIN, false)) as Told)
        return DELIVERED
      },
      time.now,
    )
    await rest.run()
    expect(await leftIn(store)).toEqual({})

    const byId = Map.groupBy(log, ({ id }) => id)
    const distinct = [...byId.values()].map(([first]) => first!)
    for (const [first, ...again] of byId.values()) {
      for (const each of again) expect(each.data).toEqual(first?.data)
    }

    // Of each request that was responded to, there is just one. Others may have been done and not be responded to.
    const told = Map.groupBy(distinct, lineOf)
    const wanted = Map.groupBy(responded, (line) => line)
    const lacking = [...wanted].flatMap(([line, { length }]) => {
      const { length: had } = told.get(line) ?? []
      return had < length ? [`${line}: ${had} of ${length}`] : []
    })
    expect(lacking).toEqual([])
    const others = distinct.filter(({ data }) => data.action !== 'tag').length - responded.length
    // A process ends in one request at most.
    expect(others).toBeLessThanOrEqual(KILLS)

    // Whatever the store has, was told of.
    for await (const page of listPages(store, REPOSITORIES_PREFIX)) {
      for (const { key } of page) {
        const link = await readLink(store, key)
        const tag = /\/tags\/([^/]+)\/current\/link$/.exec(key)?.[1]
        const isBlob = key.includes('/_layers/')
        if (link === undefined || (tag === undefined && !isBlob)) continue
        if (!told.has(`push ${tag ?? ''} ${link.target}`)) lacking.push(`${key} at ${link.target}`)
      }
    }
    expect(lacking).toEqual([])

    // The events of a tag came in order, and each move of it is one.
    const latest = distinct.filter(({ data: { tag } }) => tag === 'latest')
    const times = latest.map(({ time }) => time)
    expect(times).toEqual(times.toSorted())
    const moves = latest.filter(({ data: { action } }) => action === 'tag')
    const pushes = latest.filter(({ data: { action } }) => action === 'push')
    expect(moves.length).toBeGreaterThanOrEqual(pushes.length - 1)
    console.log(
      `${KILLS} kills, ${responded.length} requests with a response, ${distinct.length} events, ${log.length - distinct.length} of them again, ${before} before the last process`,
    )
  },
  60_000 + KILLS * 10_000,
)
