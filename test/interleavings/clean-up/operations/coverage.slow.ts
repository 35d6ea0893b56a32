/**
 * The table of operations has all there are: each route that writes is asked, each command is in it, and each place
 * in the registry's code that writes to a store is reached.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { COMMANDS as ALL_COMMANDS } from '../../../../functions/cli/table/commands.ts'
import { createRegistry } from '../../../../functions/registry/registry.ts'
import type { ObjectStore } from '../../../../functions/storage/store.ts'
import { plainApp, requestLine } from '../../../support/rig/client.ts'
import { intercept } from '../../../support/rig/intercept.ts'
import { createModel, type Model } from '../../model.ts'
import { SERVICES } from '../../pairs.ts'
import { collector, inTurn, later, sweeper } from '../actors.ts'
import { THIRTY_DAYS } from '../by-rule.ts'
import { collectLitter, collectOnce } from '../collecting.ts'
import { type Acting, type Actor, newClient } from '../run.ts'
import { STATES, type StateName, stateOf } from '../states.ts'
import { wholeRun } from './administration.ts'
import { COMMANDS, OPERATIONS, pushNested } from './table.ts'

const ROOT = new URL('../../../../functions/registry/', import.meta.url)

/** Writes of a store, and what does one for others. */
const WRITE =
  /\b(?:(?:store|held)\.(?:put|copy|delete|deleteIf|deleteVersion|deleteOnce|createMultipart|uploadPart|completeMultipart|abortMultipart)|putUnlessChanged|deleteOlder|writeLink)\(/
const WRITES = new Set([
  'put',
  'copy',
  'delete',
  'deleteIf',
  'deleteVersion',
  'deleteOnce',
  'createMultipart',
  'uploadPart',
  'completeMultipart',
  'abortMultipart',
])

/** Places that write, as `file:line`. */
const places = (): string[] =>
  readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      readFileSync(new URL(file, ROOT), 'utf8')
        .split('\n')
        .flatMap((line, at) => (WRITE.test(line) ? [`${file}:${at + 1} ${line.trim()}`] : [])),
    )

/** Places that are left out, and why. */
const EXCEPT: readonly (readonly [place: RegExp, why: string])[] = [
  [/^check\//, 'damage, each kind of which test/registry/check has'],
  [/^clean-up\/attempts/, 'when runs have failed; nothing is decided by it'],
  [/^clean-up\/fence/, 'before any run; nothing is written by it'],
  [/^clean-up\/keepers/, 'says who keeps the fence up; only a release asks'],
  [/^clean-up\/litter\/kind.*info\.etag/, 'where a service lists no versions'],
  [/^deleted\/deletions/, 'a call that returns another: reached by housekeeping'],
  [/^quotas\//, 'counts, by which nothing else is decided: quotas.slow.ts explores them'],
  [/^referrer-entry.*await unconfirmed/, 'mends a descriptor; for check alone'],
  [/^referrer-pages/, 'a help: the listing says what of it serves, see test/registry/referrers'],
  [/^uploads\/(?:append|commit).*abortMultipart/, 'ends its own upload after a failure'],
  [
    /^uploads\/segments.*delete\(keys\)/,
    'takes its own bytes away: cancelled beside it, or failed',
  ],
]

const reached = new Set<string>()
const asked = new Set<string>()

/** Notes where writes come from. */
const noting = (store: ObjectStore): ObjectStore =>
  intercept(store, ({ operation }, proceed) => {
    if (WRITES.has(operation)) {
      const limit = Error.stackTraceLimit
      Error.stackTraceLimit = 60
      const { stack = '' } = new Error('here')
      Error.stackTraceLimit = limit
      for (const [, place = ''] of stack.matchAll(/functions\/registry\/([^:)]+:\d+)/g))
        reached.add(place)
    }
    return proceed()
  })

const alone = async (model: Model, actor: Actor): Promise<void> => {
  const store = noting(model.store)
  const { clock } = model
  const send = await newClient(store, model)
  const ignore = () => {}
  const world: Acting = {
    store,
    now: () => clock.now,
    send: (request, ...rest) => {
      const { method, target } = requestLine(request)
      asked.add(`${method} ${target.split('?')[0]}`)
      return send(request, ...rest)
    },
    told: ignore,
    excuse: ignore,
    wrong: ignore,
    collected: ignore,
    forget: ignore,
    async wait(milliseconds) {
      clock.now += milliseconds
    },
    async pass() {
      clock.now += 20 * 86_400_000
    },
    collect: () => collectOnce(store, {}, clock, THIRTY_DAYS),
    collectInStages: () => collectOnce(store, {}, clock, THIRTY_DAYS, async () => {}),
    collectLitter: () => collectLitter(store, {}, clock),
    sweepLate: async () => {},
    land: async () => {},
  }
  await actor.run(world)
}

/** Commands that write nothing that a clean-up beside them is about: accounts, rules, and talk with servers. */
const OTHERS =
  /^(?:policy|issuers|keys|user|robot|group|retention|events|quota|image|config) |^(?:repo|tag) (?:list|show)$|^upstreams (?:check|set|show)$|^(?:changes|completion|export|login-password|serve|deleted|smoke|push|proxy)$/

test('each command that writes is in the table', () => {
  const names = ALL_COMMANDS.map(({ name }) => name).filter((name) => !OTHERS.test(name))
  expect(names.filter((name) => COMMANDS[name] === undefined)).toEqual([])
  const titles = OPERATIONS.map(({ actor }) => actor.title)
  expect(Object.values(COMMANDS).filter((title) => !titles.includes(title))).toEqual([])
})

describe('each operation by itself', () => {
  beforeAll(async () => {
    const [service, versions] = [SERVICES['as S3']!, SERVICES['with versions, or files']!]
    const models = new Map<StateName, Model>()
    for (const state of Object.keys(STATES) as StateName[]) {
      models.set(state, await stateOf(service, state))
    }
    const whole = [collector(), sweeper, wholeRun, later]
    const runs = inTurn(...Array.from({ length: 4 }, () => whole).flat())
    for (const model of models.values()) await alone(model.copy(), runs)
    await alone(await stateOf(versions, 'condemned data'), runs)
    await alone(models.get('condemned data')!.copy(), pushNested)
    for (const { actor, states } of OPERATIONS) {
      for (const state of states) await alone(models.get(state)!.copy(), actor)
    }
  })

  test('each route that writes is asked', async () => {
    const { store } = createModel(SERVICES['as S3']!)
    const registry = createRegistry({ store, uploadSecret: async () => new Uint8Array(32) })
    const routes = plainApp(registry)
      .routes.filter(({ method }) => /^(?:POST|PUT|PATCH|DELETE)$/.test(method))
      .map(({ method, path }) => `${method} ${path}`)
    expect(routes.length).toBeGreaterThan(6)
    const isAsked = (route: string): boolean => {
      const pattern = route.replaceAll(/:\w+\{\.\+\}/g, '.+').replaceAll(/:\w+/g, '[^/]+')
      return [...asked].some((each) => new RegExp(`^${pattern}$`).test(each))
    }
    expect([...new Set(routes)].filter((route) => !isAsked(route))).toEqual([])
  })

  test('each place that writes is reached', () => {
    const left = places().filter((place) => !reached.has(place.split(' ')[0]!))
    expect(left.filter((place) => !EXCEPT.some(([except]) => except.test(place)))).toEqual([])
  })
})
