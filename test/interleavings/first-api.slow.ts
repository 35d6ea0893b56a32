/**
 * Pushes of tags by the first API beside the clean-up, deletes and each other, in all orders of the store operations of the
 * real code, with deaths: what a tag leads to keeps the ids that it was pushed with, and each of them leads back.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { firstApi } from '../../functions/registry/clean-up/litter/beside.ts'
import { dateOf, TIMES } from '../../functions/registry/clean-up/terms.ts'
import { revisionLinkKey, V1_PREFIX } from '../../functions/registry/layout.ts'
import { type Digest, digestOf } from '../../functions/registry/reference.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { openV1 } from '../../functions/v1/open.ts'
import { allObjects } from '../support/rig/invariants.ts'
import { idOf, type Old, oldImage } from '../v1/images.ts'
import { conflict } from './access.ts'
import { controlled } from './controlled.ts'
import { type Dependent, explore } from './explore.ts'
import { createModel, type Model, NOW, type Service } from './model.ts'
import { SERVICES } from './pairs.ts'
import { type Choose, type Death, type Finished, runAll } from './run.ts'

/** Orders tried of each pair, and of each death. */
const [LIMIT, DEATHS] = [400, 40]
const HOUR = 3_600_000
const LONG = 72 * HOUR

const NAME = 'team/app'
const SECRET = new Uint8Array(32)

const BELOW = oldImage('a')
const TOP = oldImage('b', 'a')
/** Another id of the same. */
const TWIN: Old = { ...TOP, id: idOf('c'), json: TOP.json.replace(TOP.id, idOf('c')) }
const IDS: readonly string[] = [TOP.id, TWIN.id]

const open = (store: ObjectStore) => {
  const secret = async () => SECRET
  const now = () => NOW
  const registry = createRegistry({ store, uploadSecret: secret, now })
  return { registry, v1: openV1({ store, registry, secret, readOnly: false, now }) }
}

const tagAs = async (store: ObjectStore, tag: string, { id }: Old): Promise<Digest> => {
  const options = { origin: {}, override: false }
  const { pushes } = open(store).v1
  return (await pushes.tag(NAME, tag, Buffer.from(JSON.stringify(id)), options)).digest
}

const remove = async (store: ObjectStore, digest: Digest): Promise<void> => {
  await open(store).registry.manifests.remove(
    NAME,
    { digest },
    { by: 'somebody', override: false, origin: {} },
  )
}

/** One run over what the first API knows, each thing that is found done at once. */
const sweep = async (store: ObjectStore): Promise<void> => {
  const terms = { ...TIMES, date: await dateOf(store) }
  for await (const { suspects } of firstApi(store, terms).pages(undefined)) {
    for (const suspect of suspects) {
      const verdict = await suspect.look()
      if (typeof verdict === 'object') await verdict.carryOut()
    }
  }
}

interface Actor {
  readonly title: string
  readonly act: (store: ObjectStore, digest: Digest) => Promise<unknown>
  /** The tag that is there once it has answered, unless there was a delete. */
  readonly tag?: string
}

const PUSH: Actor = { title: 'push', tag: 'one', act: (store) => tagAs(store, 'one', TOP) }
const AGAIN: Actor = {
  title: 'the same push',
  tag: 'one',
  act: (store) => tagAs(store, 'one', TOP),
}
const PUSH_TWIN: Actor = {
  title: 'push by other ids',
  tag: 'two',
  act: (store) => tagAs(store, 'two', TWIN),
}
const SWEEP: Actor = { title: 'a run', act: sweep }
const DELETE: Actor = {
  title: 'a delete',
  act: (store, digest) => remove(store, digest).catch(() => {}),
}
const PULL: Actor = {
  title: 'a pull',
  act: async (store, digest) => {
    const { remembered } = open(store).v1
    await remembered.of(NAME, digest)
    await remembered.find(NAME, TOP.id)
  },
}

/** Images that are whole; and what is known of a manifest that a run has taken since. */
const fill = async (service: Service): Promise<{ before: Model; digest: Digest }> => {
  const before = createModel(service)
  const { pushes } = open(before.store).v1
  for (const { id, json, layer, payload } of [BELOW, TOP, TWIN]) {
    await pushes.json(NAME, id, Buffer.from(json), undefined)
    await pushes.layer(NAME, id, {
      source: [layer],
      length: layer.byteLength,
      origin: {},
      startedBy: 'somebody',
      holder: undefined,
      announced: undefined,
    })
    const checked = id === TWIN.id ? payloadOf(TWIN) : payload
    await pushes.checksum(NAME, id, { payload: checked, tarsum: undefined })
  }
  const digest = await tagAs(before.store, 'one', TOP)
  await remove(before.store, digest)
  await before.store.delete([revisionLinkKey(NAME, digest)])
  before.clock.now += LONG
  return { before, digest }
}

const payloadOf = ({ json, layer }: Old): Digest =>
  digestOf(Buffer.concat([Buffer.from(`${json}\n`), layer]))

/** What is wrong with what the tags of a store lead to. */
const faultOf = async (
  { store }: Model,
  answered: readonly Actor[],
  deleted: boolean,
): Promise<string | undefined> => {
  const { registry, v1 } = open(store)
  for (const tag of ['one', 'two']) {
    const link = await registry.tags.get(NAME, tag).catch(() => undefined)
    if (link === undefined) {
      if (!deleted && answered.some((each) => each.tag === tag)) return `${tag} is not there`
      continue
    }
    const found = await v1.remembered.of(NAME, link.target)
    const [top, below] = found?.images ?? []
    if (found === undefined || top === undefined || below === undefined) {
      return `${tag} leads to no images`
    }
    if (!IDS.includes(top.id) || below.id !== BELOW.id) return `${tag} has lost its ids`
    for (const { id } of found.images) {
      const back = await v1.remembered.find(NAME, id)
      if (back?.digest !== found.digest) return `an id of ${tag} leads nowhere`
    }
  }
  return undefined
}

interface Scenario {
  readonly service: Service
  readonly actors: readonly Actor[]
  readonly death?: Death
  /** Stands between the clean-up and the store. */
  readonly spoil?: (store: ObjectStore) => ObjectStore
}

const exploreActors = async (
  filled: Awaited<ReturnType<typeof fill>>,
  { service, actors, death, spoil = (each) => each }: Scenario,
  limit: number,
) => {
  const { before, digest } = filled
  const faults = new Set<string>()
  const writes = actors.map(() => 0)
  let model = before
  const run = (choose: Choose): Promise<Finished> => {
    model = before.copy()
    return runAll(
      async (reach) => {
        const store = controlled(model.store, service, reach)
        return actors.map((actor, at) => ({
          instance: at,
          run: async () => {
            await actor.act(actor === SWEEP ? spoil(store) : store, digest)
            return 'done'
          },
        }))
      },
      choose,
      death,
    )
  }
  const visit = async ({ answers, points }: Finished): Promise<void> => {
    for (const at of writes.keys()) {
      const mine = points.filter((each) => each.process === at && each.access.writes.length > 0)
      writes[at] = Math.max(writes[at]!, mine.length)
    }
    const answered = actors.filter((_, at) => answers[at] !== undefined)
    const fault = await faultOf(model.copy(), answered, actors.includes(DELETE))
    if (fault !== undefined) faults.add(fault)
  }
  const dependent: Dependent = (a, b) =>
    conflict(a.access, b.access) ||
    (death?.instance === a.process &&
      a.process === b.process &&
      a.access.writes.length > 0 &&
      b.access.writes.length > 0)
  const { runs } = await explore(run, visit, limit, dependent)
  return { runs, faults: [...faults], writes }
}

const TOGETHER: readonly (readonly Actor[])[] = [
  [PUSH, SWEEP],
  [PUSH, AGAIN],
  [PUSH, PUSH_TWIN],
  [PUSH, DELETE],
  [PUSH, PULL],
  [PUSH, PUSH_TWIN, SWEEP],
]

describe.each(Object.entries(SERVICES).slice(0, 2))('%s', (_, service) => {
  const filled = fill(service)
  test.each(TOGETHER.map((each) => [each.map(({ title }) => title).join(' | '), each] as const))(
    '%s',
    async (_title, actors) => {
      const { runs, faults, writes } = await exploreActors(await filled, { service, actors }, LIMIT)
      expect(faults).toEqual([])
      expect(runs).toBeGreaterThan(1)
      if (actors.length > 2) return
      for (const [instance, most] of writes.entries()) {
        for (let afterWrites = 0; afterWrites < most; afterWrites++) {
          const death = { instance, afterWrites }
          const scenario = { service, actors, death }
          expect((await exploreActors(await filled, scenario, DEATHS)).faults).toEqual([])
        }
      }
    },
    HOUR,
  )

  test('a run without conditions takes what a push has brought back: it is found', async () => {
    const spoil = (store: ObjectStore): ObjectStore => ({
      ...store,
      deleteIf: (key) => store.delete([key]),
    })
    const scenario = { service, actors: [PUSH, SWEEP], spoil }
    expect((await exploreActors(await filled, scenario, LIMIT)).faults).not.toEqual([])
  })

  test('in the end, a run takes all of it', async () => {
    const { before } = await filled
    const { store } = before.copy()
    expect(await allObjects(store, V1_PREFIX)).not.toEqual([])
    await sweep(store)
    expect(await allObjects(store, V1_PREFIX)).toEqual([])
  })
})
