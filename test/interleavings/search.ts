/**
 * Explores what keeps the index for search: pushes and deletes, each followed by what takes its event into the index,
 * and mends, in all orders of the store operations of the real code, with deaths. Once all has ended, and the events of
 * those that died have come again, the index says what the store says, and sums it up.
 *
 * @module
 */
import { listShards } from '../../functions/search/fold.ts'
import { bring } from '../../functions/search/keep.ts'
import { NAMES_KEY, SHARDS_PREFIX, TERMS_KEY } from '../../functions/search/keys.ts'
import { mend } from '../../functions/search/mend.ts'
import { readPack } from '../../functions/search/pack.ts'
import type { Change } from '../../functions/search/truth.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import type { Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { conflict } from './access.ts'
import { controlled } from './controlled.ts'
import { type Dependent, explore } from './explore.ts'
import { instance } from './instance.ts'
import { createModel, type Model, type Service } from './model.ts'
import { type Choose, type Death, type Finished, runAll } from './run.ts'

const [OLD, NEW] = [imageOf(), imageOf([], { annotations: { is: 'new' } })]

/** Somebody who changes something, and what has to be looked at then. */
export interface Actor {
  readonly title: string
  readonly act?: (send: Send) => Promise<unknown>
  /** Absent: it mends. */
  readonly change?: Change
}

const changeOf = (name: string, tags: string[], digests: string[] = []): Change => ({
  name,
  tags: new Set(tags),
  digests: new Set(digests),
  whole: false,
})

const put = (name: string, tag: string, image: typeof OLD): Actor => ({
  title: `push ${image === OLD ? 'OLD' : 'NEW'} as ${name}:${tag}`,
  act: (send) =>
    send(`PUT /v2/${name}/manifests/${tag}`, image.bytes, {
      'Content-Type': 'application/vnd.oci.image.manifest.v1+json',
    }),
  change: changeOf(name, [tag], [image.sha256]),
})

/** All there are. */
export const ACTORS: readonly Actor[] = [
  put('app', 'latest', NEW),
  put('app', 'again', OLD),
  put('other', 'v1', OLD),
  {
    title: 'delete app:latest',
    act: (send) => send('DELETE /v2/app/manifests/latest'),
    change: changeOf('app', ['latest']),
  },
  {
    title: 'delete OLD in app',
    act: (send) => send(`DELETE /v2/app/manifests/${OLD.sha256}`),
    // Each tag that goes with it has an event.
    change: changeOf('app', ['latest', 'again'], [OLD.sha256]),
  },
  { title: 'mend' },
]

/** The actor with this title. */
export const actor = (title: string): Actor => {
  const found = ACTORS.find((each) => each.title === title)
  if (found === undefined) throw new Error(`no actor ${title}`)
  return found
}

/** `app` has OLD as `latest`, `other` has what OLD needs; the index says so. */
export const fill = async (service: Service): Promise<Model> => {
  const model = createModel(service)
  const send = await instance(model.store)
  for (const name of ['app', 'other']) await pushAtOnce(send, name, CONFIG)
  await pushManifest(send, 'app', 'latest', OLD)
  await mend(model.store)
  return model
}

/** What is wrong with the index of a store in which nothing goes on any more. */
const faultOf = async (model: Model): Promise<string | undefined> => {
  const { store } = model.copy()
  const there = await listShards(store)
  for (const key of [NAMES_KEY, TERMS_KEY]) {
    const { parts } = await readPack(store, key)
    const behind = [...there].some(([bucket, etag]) => parts.get(bucket)?.etag !== etag)
    if (behind) return `${key} sums up what is no more`
  }
  const { stale } = await mend(store)
  return stale === 0 ? undefined : 'the index says what is no more'
}

export interface SearchScenario {
  readonly service: Service
  /** It is not changed. */
  readonly before: Model
  readonly actors: readonly Actor[]
  readonly death?: Death
  /** Stands between what keeps the index and the store, to see that a difference shows. */
  readonly spoil?: (store: ObjectStore) => ObjectStore
}

export interface SearchFound {
  readonly runs: number
  readonly cut: boolean
  readonly faults: readonly string[]
  /** Most writes of each. */
  readonly writes: readonly number[]
}

/** Explores a scenario with at most so many runs. */
export const exploreSearch = async (
  { service, before, actors, death, spoil = (each) => each }: SearchScenario,
  limit: number,
): Promise<SearchFound> => {
  const faults = new Set<string>()
  const writes = actors.map(() => 0)
  let model = before

  const run = (choose: Choose): Promise<Finished> => {
    model = before.copy()
    return runAll(
      async (reach) => {
        const store = controlled(model.store, service, reach)
        const index = spoil(store)
        return Promise.all(
          actors.map(async ({ act, change }, at) => {
            const send = await instance(store)
            const keep = async (): Promise<string> => {
              await act?.(send)
              await (change === undefined ? mend(index) : bring(index, [change]))
              return 'done'
            }
            return { instance: at, run: keep }
          }),
        )
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
    for (const [at, { change }] of actors.entries()) {
      if (answers[at] === undefined && change !== undefined) await bring(model.store, [change])
    }
    const died = actors.some(({ change }, at) => answers[at] === undefined && change === undefined)
    if (died) await mend(model.store)
    const fault = await faultOf(model)
    if (fault !== undefined) faults.add(fault)
  }

  const dependent: Dependent = (a, b) =>
    conflict(a.access, b.access) ||
    (death?.instance === a.process &&
      a.process === b.process &&
      a.access.writes.length > 0 &&
      b.access.writes.length > 0)
  const { runs, cut } = await explore(run, visit, limit, dependent)
  return { runs, cut, faults: [...faults], writes }
}

/** What keeps the index, without the conditions of these writes: it is to be seen that they are needed. */
export const without =
  (prefix: string) =>
  (store: ObjectStore): ObjectStore => ({
    ...store,
    put: (key, body, options) =>
      key.startsWith(prefix) ? store.put(key, body) : store.put(key, body, options),
  })

/** Beginnings of the keys that are written by conditions. */
export const CONDITIONAL = [SHARDS_PREFIX, NAMES_KEY] as const
