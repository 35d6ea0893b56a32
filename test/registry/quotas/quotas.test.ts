/**
 * Counts of quotas beside pushes, deletes and walks in any order: never less than what is linked, and just that
 * after a walk of a store at rest.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { undelete } from '../../../functions/registry/deleted/undelete.ts'
import type { Recorder } from '../../../functions/registry/happened.ts'
import { QUOTAS_KEY, QUOTAS_PREFIX } from '../../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { SETTLED } from '../../../functions/registry/quotas/counter.ts'
import { parseReference } from '../../../functions/registry/reference.ts'
import { NO_RULES } from '../../../functions/registry/retention/retention.ts'
import { createModel } from '../../interleavings/model.ts'
import { blob, CONFIG, imageOf } from '../../support/hosts/content.ts'
import { clientOf, codeOf, expectStatus } from '../../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { DAY, openWorld, SERVICES, type World } from '../clean-up/world.ts'
import { countedBy, quotasOf, truthOf } from './truth.ts'

const NAMES = ['team/a', 'team/b', 'team/b/c', 'other/a', 'free'] as const
const BLOBS = Array.from({ length: 7 }, (_, at) => blob(`quota ${at}`, 1000 * 2 ** at))
const MINUTE = 60_000

const randomOf = (seed: number) => (): number => {
  seed = (seed * 1664525 + 1013904223) % 2 ** 32
  return seed / 2 ** 32
}

const FREE = quotasOf({ repositories: ['team/**'] }, { repositories: ['other/*', 'team/a'] })

const open = async (
  service = SERVICES[0]![1],
  set = FREE,
  softLimit = () => {},
): Promise<World> => {
  const model = createModel(service)
  const world = await openWorld(service, undefined, model, {
    quotas: async () => set.quotas,
    softLimit,
  })
  await world.store.put(QUOTAS_KEY, Buffer.from(set.text))
  return world
}

const step = async ({ send, store, model }: World, random: () => number): Promise<string> => {
  const any = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!
  const [name, one, kind] = [any(NAMES), any(BLOBS), random()]
  const image = imageOf([one], random() < 0.3 ? { annotations: { is: 'other' } } : {})
  if (kind < 0.15) {
    await pushAtOnce(send, name, one)
    return `upload to ${name}`
  }
  if (kind < 0.3) {
    await send(`POST /v2/${name}/blobs/uploads/?mount=${one.sha256}&from=${any(NAMES)}`)
    return `mount to ${name}`
  }
  if (kind < 0.65) {
    for (const each of [CONFIG, one]) {
      const there = await send(`HEAD /v2/${name}/blobs/${each.sha256}`)
      if (there.status !== 200) await pushAtOnce(send, name, each)
    }
    await pushManifest(send, name, random() < 0.5 ? 'v1' : image.sha256, image)
    return `push of ${one.bytes.byteLength} to ${name}`
  }
  if (kind < 0.95) {
    await send(`DELETE /v2/${name}/manifests/${image.sha256}`)
    return `delete of ${one.bytes.byteLength} in ${name}`
  }
  const reference = parseReference(image.sha256)
  await undelete(store, name, reference, undefined, () => model.clock.now).catch(() => {})
  return `undelete of ${one.bytes.byteLength} in ${name}`
}

const compare = async (world: World, exact: boolean, trace: readonly string[]): Promise<void> => {
  const truth = await truthOf(world.store, FREE.quotas)
  for (const quota of FREE.quotas.all) {
    const [is, should] = [await countedBy(world.store, quota), truth.get(quota) ?? 0]
    const said = `${quota.title}: ${is} for ${should} after\n${trace.slice(-20).join('\n')}`
    assert.ok(exact ? is === should : is >= should, said)
  }
}

describe.each(SERVICES)('on %s', (_, service) => {
  test.each([1, 2])('never too low, and right after a walk, seed %i', async (seed) => {
    const random = randomOf(seed)
    const world = await open(service)
    const trace: string[] = []
    for (let at = 0; at < 80; at++) {
      trace.push(await step(world, random))
      await compare(world, false, trace)
      const then = random()
      if (then < 0.3) await world.pass(random() * 30 * MINUTE)
      else if (then < 0.4) await world.pass(random() * 4 * DAY)
      else if (then < 0.55) {
        const run = random() < 0.5
        await world.collect({ run })
        trace.push(run ? 'run' : 'walk')
      } else if (then < 0.6) {
        await world.pass(3 * SETTLED)
        await world.collect({ run: false })
        trace.push('walk at rest')
        await compare(world, true, trace)
      }
      await compare(world, false, trace)
    }
  })
})

test('a manifest that would pass the hard limit is refused, and a push of what is there is not', async () => {
  const [small, large] = [BLOBS[0]!, BLOBS[6]!]
  const set = quotasOf({ repositories: ['team/**'], hard: '5 kB', soft: '1.2 kB' })
  const told: number[] = []
  const world = await open(
    SERVICES[0]![1],
    set,
    ((_: unknown, bytes: number) => void told.push(bytes)) as () => void,
  )
  const { send } = world
  for (const name of ['team/a', 'free'])
    for (const each of [CONFIG, small, large]) await pushAtOnce(send, name, each)
  await pushManifest(send, 'team/a', 'v1', imageOf([small]))
  assert.equal(told.length, 1)
  await pushManifest(send, 'team/a', 'v1', imageOf([small]))
  await pushManifest(send, 'team/a', 'v2', imageOf([small]))
  const refused = await expectStatus(
    403,
    send('PUT /v2/team/a/manifests/v3', imageOf([large]).bytes, {
      'Content-Type': 'application/vnd.oci.image.manifest.v1+json',
    }),
  )
  assert.equal(codeOf(refused), 'DENIED')
  assert.match(
    refused.body.toString(),
    /the quota of team\/\*\* is 5\.0 kB, 1\.\d kB are used, and this image needs 64\.\d kB more: delete images/,
  )
  await expectStatus(404, send('GET /v2/team/a/manifests/v3'))
  await pushManifest(send, 'free', 'v3', imageOf([large]))
  assert.equal(told.length, 1)
  const [quota] = set.quotas.all
  assert.equal(
    await countedBy(world.store, quota!),
    (await truthOf(world.store, set.quotas)).get(quota!),
  )
})

test('a soft limit is told of in an event, which is taken back where the count has changed', async () => {
  const set = quotasOf({ repositories: ['team/**'], soft: '1 kB' })
  const model = createModel(SERVICES[0]![1])
  const wrote: object[] = []
  let withdrawn = 0
  const events: Recorder = {
    begin: (repository) => ({
      wantsMoves: async () => false,
      async write(happening) {
        if (happening.action !== 'quota') return
        wrote.push({ repository, ...happening.facts })
        // Another process is faster, once.
        if (wrote.length === 1) await pushManifest(other, 'team/a', 'v0', imageOf())
      },
      withdraw: async () => void withdrawn++,
      done: () => {},
    }),
  }
  const options = { now: () => model.clock.now, quotas: async () => set.quotas }
  const other = await clientOf(model.store, options)
  const send = await clientOf(model.store, { ...options, events })
  for (const each of [CONFIG, BLOBS[0]!]) await pushAtOnce(send, 'team/a', each)
  await pushManifest(send, 'team/a', 'v1', imageOf([BLOBS[0]!]))
  const used = await countedBy(model.store, set.quotas.all[0]!)
  assert.equal(withdrawn, 1)
  assert.equal(wrote.length, 2)
  assert.deepEqual(wrote[1], { repository: 'team/a', repositories: 'team/**', used, soft: 1000 })
})

test('blobs are refused once the limit is reached, and taken again after a delete and a walk', async () => {
  const image = imageOf([BLOBS[0]!])
  const hard = `${1000 + CONFIG.bytes.byteLength + image.bytes.byteLength} B`
  const set = quotasOf({ repositories: ['team/**'], hard })
  const world = await open(SERVICES[0]![1], set)
  const { send } = world
  const begun = await send('POST /v2/team/a/blobs/uploads/')
  for (const each of [CONFIG, BLOBS[0]!]) await pushAtOnce(send, 'team/a', each)
  await pushManifest(send, 'team/a', image.sha256, image)
  for (const way of [
    'POST /v2/team/b/blobs/uploads/',
    `PUT ${begun.headers.get('Location')}&digest=${BLOBS[1]!.sha256}`,
  ]) {
    const refused = await expectStatus(403, send(way))
    assert.match(refused.body.toString(), /"DENIED".*the quota of team\/\*\* is 1\.\d kB, and/)
  }
  await expectStatus(202, send('POST /v2/free/blobs/uploads/'))
  // What is there can be pushed again.
  await pushManifest(send, 'team/a', 'again', image)
  await expectStatus(202, send(`DELETE /v2/team/a/manifests/${image.sha256}`))
  await world.pass(3 * SETTLED)
  await world.collect({ run: false })
  await expectStatus(202, world.send('POST /v2/team/b/blobs/uploads/'))
})

test('the walk takes counts away that no quota has any more, after a day', async () => {
  const world = await open()
  await pushAtOnce(world.send, 'team/a', CONFIG)
  await pushManifest(world.send, 'team/a', 'v1', imageOf())
  assert.equal((await world.keys(QUOTAS_PREFIX)).length, 1)
  const other = quotasOf({ repositories: ['team/a'] })
  await world.store.put(QUOTAS_KEY, Buffer.from(other.text))
  await world.collect({ run: false })
  assert.equal((await world.keys(QUOTAS_PREFIX)).length, 2)
  await world.pass(2 * DAY)
  await world.collect({ run: false })
  assert.deepEqual(await world.keys(QUOTAS_PREFIX), [`${QUOTAS_PREFIX}${other.quotas.all[0]!.id}`])
})

test('what an immutable tag refuses does not count', async () => {
  const { store } = createModel(SERVICES[0]![1])
  const { quotas } = quotasOf({ repositories: ['team/**'], hard: '2 kB' })
  const send = await clientOf(store, {
    quotas: async () => quotas,
    rules: async () => ({ ...NO_RULES, isImmutable: (_: string, tag: string) => tag === 'v1' }),
  })
  const small = BLOBS[0]!
  for (const each of [CONFIG, small]) await pushAtOnce(send, 'team/a', each)
  await pushManifest(send, 'team/a', 'v1', imageOf([]))
  const before = await countedBy(store, quotas.all[0]!)
  const image = imageOf([small])
  const headers = { 'Content-Type': OCI_MANIFEST }
  const refused = await send('PUT /v2/team/a/manifests/v1', image.bytes, headers)
  assert.equal(refused.status, 409)
  assert.equal(await countedBy(store, quotas.all[0]!), before)
})
