/**
 * Rules at random on repositories at random, for some months: a dry run says what the next run does, that is
 * what a naive model does, and both end with the same.
 *
 * @module
 */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Times } from '../../../functions/registry/clean-up/terms.ts'
import { listDeletions } from '../../../functions/registry/deleted/deletions.ts'
import { undelete } from '../../../functions/registry/deleted/undelete.ts'
import { RegistryError } from '../../../functions/registry/errors.ts'
import { dataKey, REPOSITORIES_PREFIX, RETENTION_KEY } from '../../../functions/registry/layout.ts'
import { readLinkObject } from '../../../functions/registry/links.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import type { Digest } from '../../../functions/registry/reference.ts'
import type { RetentionInput } from '../../../functions/registry/retention/schema.ts'
import type { Service } from '../../interleavings/model.ts'
import { blob, CONFIG, descriptorOf, imageOf, indexOf } from '../../support/hosts/content.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { written } from '../retention/naive.ts'
import {
  bringBack,
  clean,
  type Data,
  newRepository,
  type Pushable,
  pictureOf,
  push,
  type Repository,
  remove,
} from './rules-model.ts'
import { DAY, HOUR, openWorld, type World } from './world.ts'

const TIMES: Times = { grace: 2 * DAY, undelete: 4 * DAY, claim: HOUR, send: HOUR }
const NAMES = ['app', 'other']
const BLOBS = Array.from({ length: 4 }, (_, at) => blob(`layer ${at}`, 50 + at))

const IMAGES: readonly Pushable[] = BLOBS.map((each) => ({ content: imageOf([each]) }))
const [FIRST, SECOND] = IMAGES.map(({ content }) => content) as [
  (typeof BLOBS)[0],
  (typeof BLOBS)[0],
]
const signed = { content: imageOf([], { subject: descriptorOf(OCI_MANIFEST, FIRST) }) }
const ALL: readonly Pushable[] = [
  ...IMAGES,
  { ...signed, subject: FIRST.sha256 },
  { content: indexOf([FIRST, SECOND]), children: [FIRST.sha256, SECOND.sha256] },
  { content: indexOf([SECOND]), children: [SECOND.sha256] },
]
const TAGS = ['v1', 'v2', 'v11', 'latest', 'dev-1', 'dev-2', `sha256-${FIRST.sha256.slice(7)}.sig`]

/** Numbers from 0 to 1, the same for a seed. */
const randomOf = (seed: number) => (): number => {
  seed = (seed * 1664525 + 1013904223) % 2 ** 32
  return seed / 2 ** 32
}

interface Playing {
  readonly world: World
  readonly repositories: ReadonlyMap<string, Repository>
  readonly data: Data
  readonly any: <T>(of: readonly T[]) => T | undefined
}

const pushOne = async (
  { world, repositories, data, any }: Playing,
  name: string,
  one: Pushable,
): Promise<void> => {
  const repository = repositories.get(name)!
  const { now } = world.model.clock
  for (const each of [CONFIG, ...BLOBS]) await pushAtOnce(world.send, name, each)
  for (const child of one.children ?? []) {
    const state = repository.manifests.get(child)?.state
    if (state !== undefined && state !== 'deleted') continue
    const pushed = ALL.find(({ content }) => content.sha256 === child)!
    await pushManifest(world.send, name, child, pushed.content)
    push(repository, data, pushed, undefined, now)
  }
  const tag = any([undefined, ...TAGS, ...TAGS])
  const type = one.children ? OCI_INDEX : OCI_MANIFEST
  await pushManifest(world.send, name, tag ?? one.content.sha256, one.content, type)
  push(repository, data, one, tag, now)
}

const bringOneBack = async ({ world, repositories, any }: Playing, name: string): Promise<void> => {
  const repository = repositories.get(name)!
  const { now } = world.model.clock
  const deletions = await listDeletions(world.store, name)
  const last = any(deletions)
  if (last === undefined) return
  const reference = last.tag === undefined ? { digest: last.digest } : { tag: last.tag }
  let back: Awaited<ReturnType<typeof undelete>>
  try {
    back = await undelete(world.store, name, reference as { readonly digest: Digest })
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    // The manifest is back although the tag was set again.
    if (error.code === 'PRECONDITION_FAILED') {
      const tag = last.tag!
      const latest = deletions.find((each) => each.tag === tag || each.tags?.includes(tag))!
      bringBack(repository, latest.digest, [tag], now)
    }
    return
  }
  const which = [...back.tags, ...back.kept]
  expect(bringBack(repository, back.digest, which, now)).toBe(true)
}

const step = async (playing: Playing, random: () => number): Promise<void> => {
  const { world, repositories, any } = playing
  const name = any(NAMES)!
  const repository = repositories.get(name)!
  const { now } = world.model.clock
  const kind = random()
  if (kind < 0.7) return pushOne(playing, name, any(ALL)!)
  if (kind < 0.78) {
    const tag = any([...repository.tags.keys()])
    if (tag === undefined) return
    expect((await world.send(`DELETE /v2/${name}/manifests/${tag}`)).status).toBe(202)
    repository.tags.delete(tag)
  } else if (kind < 0.86) {
    const there = [...repository.manifests].filter(([, { state }]) => state !== 'deleted')
    const [digest] = any(there) ?? []
    if (digest === undefined) return
    expect((await world.send(`DELETE /v2/${name}/manifests/${digest}`)).status).toBe(202)
    remove(repository, digest, now)
  } else await bringOneBack(playing, name)
}

const LINK = /^(.+)\/_manifests\/(?:revisions\/(.+)\/(.+)|tags\/(.+)\/current)\/link$/

/** What is there, as the model says it. */
const pictureIn = async ({ store, keys }: World): Promise<string[]> => {
  const picture: string[] = []
  for (const key of await keys(REPOSITORIES_PREFIX)) {
    const [, name, algorithm, hex, tag] = LINK.exec(key.slice(REPOSITORIES_PREFIX.length)) ?? []
    if (name === undefined) continue
    const body = (await readLinkObject(store, key))!.body!
    if (tag !== undefined) picture.push(`${name}:${tag} ${body.target}`)
    const { condemned, deletedWithin } = body
    const state = condemned ? 'condemned' : deletedWithin === undefined ? 'plain' : 'deleted'
    if (hex !== undefined) picture.push(`${name}@${algorithm}:${hex} ${state}`)
  }
  return picture.sort()
}

const RULED = /^(?:remove|keep)-tag|^(?:condemn|keep|delete|remove)-manifest/

/** Runs, and compares with what was shown and with what the model does. @returns how much it did */
const cleanUp = async (
  { world, repositories, data }: Playing,
  document: RetentionInput,
): Promise<readonly string[]> => {
  const shown = await world.collect({ run: false, times: TIMES })
  const ran = await world.collect({ times: TIMES })
  const sorted = (things: typeof ran.things) => things.map((each) => JSON.stringify(each)).sort()
  expect(sorted(ran.things)).toEqual(sorted(shown.things))
  const ruled = ran.things.filter((each) => RULED.test(each.step))
  for (const each of ruled) {
    if (/^remove-tag|condemn-manifest|delete-manifest/.test(each.step)) {
      expect(document.rules?.map((rule) => rule.name)).toContain(each.rule)
      expect(each.size).toBeGreaterThan(0)
    }
  }
  const did = ruled.map(({ repository, step: what, tag, digest }) =>
    [repository, what, tag ?? digest].join(' '),
  )
  const model = [...repositories].flatMap(([name, each]) =>
    clean(name, each, data, document, TIMES, world.model.clock.now),
  )
  expect(did.sort()).toEqual(model.sort())
  expect(await pictureIn(world)).toEqual(
    [...repositories].flatMap(([name, each]) => pictureOf(name, each)).sort(),
  )
  // An instance that has seen a link a moment ago takes it for plain.
  await world.pass(6000)
  return did.map((each) => each.split(' ')[1]!)
}

/**
 * Plays with a store for so many steps, and some months more.
 *
 * @returns the steps that were taken by rules
 */
export const play = async (
  seed: number,
  steps: number,
  service: Service,
): Promise<ReadonlySet<string>> => {
  const seen = new Set<string>()
  const random = randomOf(seed)
  const world = await openWorld(service)
  const any = <T>(of: readonly T[]): T | undefined => of[Math.floor(random() * of.length)]
  const repositories = new Map(NAMES.map((name) => [name, newRepository()]))
  const playing: Playing = { world, repositories, data: new Map(), any }
  const documents = fc.sample(written, { seed, numRuns: 40 })
  let document: RetentionInput = { version: 1 }
  const change = async (to: RetentionInput): Promise<void> => {
    document = to
    await world.store.put(RETENTION_KEY, Buffer.from(JSON.stringify(document)))
  }
  for (let at = 0; at < steps; at++) {
    if (at % 8 === 0) await change(any(documents)!)
    for (let count = random() * 4; count > 0; count--) await step(playing, random)
    await world.pass(random() < 0.3 ? random() * 2 * HOUR : random() * 3 * DAY)
    for (const each of await cleanUp(playing, document)) seen.add(each)
  }
  for (let at = 0; at < 30; at++) {
    await world.pass(3 * DAY)
    for (const each of await cleanUp(playing, document)) seen.add(each)
  }
  // In the end there is what manifests need, and nothing else.
  const needed = new Set<string>()
  for (const { manifests } of repositories.values()) {
    for (const [digest, { content }] of manifests) {
      needed.add(dataKey(digest))
      const { config, layers = [] } = JSON.parse(content.bytes.toString())
      for (const each of [config, ...layers]) if (each) needed.add(dataKey(each.digest))
    }
  }
  const left = (await world.keys('')).filter((key) => key.endsWith('/data'))
  expect(left).toEqual([...needed].sort())
  return seen
}
