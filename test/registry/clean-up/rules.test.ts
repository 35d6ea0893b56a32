/**
 * What goes by rules: tags at once, manifests without a tag a grace after they were condemned; and how it can
 * come back.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { listDeletions } from '../../../functions/registry/deleted/deletions.ts'
import { undelete } from '../../../functions/registry/deleted/undelete.ts'
import { RETENTION_KEY, revisionLinkKey, tagLinkKey } from '../../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import type { RetentionInput } from '../../../functions/registry/retention/schema.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { blob, CONFIG, descriptorOf, imageOf, indexOf } from '../../support/hosts/content.ts'
import { expectStatus } from '../../support/rig/client.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { pushAtOnce, pushImage, pushManifest } from '../../support/rig/push.ts'
import { countsOf, DAY, HOUR, openWorld, SERVICES, stepsOf, type World } from './world.ts'

const A = blob('a', 1000)
const B = blob('b', 2000)

type Rule = NonNullable<RetentionInput['rules']>[number]

const OLD_TAGS: Rule = {
  name: 'old tags',
  repositories: ['**'],
  tags: ['*'],
  remove: { notPushedFor: '10d' },
}
const DANGLING: Rule = {
  name: 'dangling',
  repositories: ['**'],
  untagged: true,
  remove: { notPushedFor: '5d' },
}

const setRules = (world: World, rules: Rule[], immutable: RetentionInput['immutable'] = []) =>
  world.store.put(RETENTION_KEY, Buffer.from(JSON.stringify({ version: 1, immutable, rules })))

const steps = (...all: string[]): string[] => all.sort()

describe.each(SERVICES)('on %s', (_, service) => {
  test('a tag goes, says by which rule, and can come back; its manifest stays', async () => {
    const world = await openWorld(service)
    const image = await pushImage(world.send, 'app', 'v1', [A])
    await setRules(world, [OLD_TAGS])
    await world.pass(10 * DAY)
    expect(stepsOf(await world.collect())).toEqual([])
    await world.pass(2000)
    await pushManifest(world.send, 'app', 'v2', imageOf([]))
    const shown = await world.collect({ run: false })
    const { things } = await world.collect()
    expect(things).toEqual(shown.things)
    expect(things).toEqual([
      {
        step: 'remove-tag',
        key: tagLinkKey('app', 'v1'),
        repository: 'app',
        tag: 'v1',
        digest: image.sha256,
        size: image.bytes.byteLength + 1000,
        why: 'pushed 2030-01-01T00:00:00.000Z',
        rule: 'old tags',
      },
    ])
    await expectStatus(404, world.send('GET /v2/app/manifests/v1'))
    await expectStatus(200, world.send(`GET /v2/app/manifests/${image.sha256}`))
    expect(await listDeletions(world.store, 'app')).toMatchObject([
      { tag: 'v1', digest: image.sha256, by: 'clean-up', rule: 'old tags' },
    ])
    await undelete(world.store, 'app', { tag: 'v1' })
    await expectStatus(200, world.send('GET /v2/app/manifests/v1'))
    // It counts as pushed when it came back.
    await world.pass(9 * DAY)
    expect(stepsOf(await world.collect())).toEqual([])
    await world.pass(2 * DAY)
    expect(stepsOf(await world.collect())).toEqual(steps('remove-tag v1', 'remove-tag v2'))
  })

  test('a manifest without a tag is condemned, deleted, and removed; until then it can come back', async () => {
    const world = await openWorld(service)
    const image = await pushImage(world.send, 'app', 'v1', [A])
    await pushImage(world.send, 'app', 'v1', [B])
    await setRules(world, [DANGLING])
    await world.pass(6 * DAY)
    expect(stepsOf(await world.collect())).toEqual([`condemn-manifest ${image.sha256}`])
    await expectStatus(200, world.send(`GET /v2/app/manifests/${image.sha256}`))
    await world.pass(47 * HOUR)
    expect(stepsOf(await world.collect())).toEqual([])
    await world.pass(2 * HOUR)
    const { things } = await world.collect()
    expect(things).toMatchObject([
      { step: 'delete-manifest', rule: 'dangling', size: image.bytes.byteLength + 1000 },
    ])
    await expectStatus(404, world.send(`GET /v2/app/manifests/${image.sha256}`))
    expect(await listDeletions(world.store, 'app')).toMatchObject([
      { digest: image.sha256, tags: [], by: 'clean-up', rule: 'dangling' },
    ])
    await world.pass(6 * DAY)
    expect(stepsOf(await world.collect())).toEqual([])
    await undelete(world.store, 'app', { digest: image.sha256 })
    await expectStatus(200, world.send(`GET /v2/app/manifests/${image.sha256}`))
    await world.pass(4 * DAY)
    expect(stepsOf(await world.collect())).toEqual([])
    for (let day = 0; day < 30; day++) {
      await world.pass(DAY)
      await world.collect()
    }
    expect(await world.has(image.sha256)).toBe(false)
    expect(await world.has(A.sha256)).toBe(false)
    await expectStatus(200, world.send('GET /v2/app/manifests/v1'))
    await expectStatus(200, world.send(`GET /v2/app/blobs/${CONFIG.sha256}`))
  })

  test('a condemned manifest that is needed again, tagged or pushed stays', async () => {
    const world = await openWorld(service)
    const [named, tagged, pushed] = ['named', 'tagged', 'pushed'].map((is) =>
      imageOf([], { annotations: { is } }),
    ) as [typeof A, typeof A, typeof A]
    await pushAtOnce(world.send, 'app', CONFIG)
    for (const each of [named, tagged, pushed]) {
      await pushManifest(world.send, 'app', each.sha256, each)
    }
    await setRules(world, [DANGLING])
    await world.pass(6 * DAY)
    expect(countsOf(await world.collect())).toEqual({ 'condemn-manifest': 3 })
    await world.pass(HOUR)
    await pushManifest(world.send, 'app', 'list', indexOf([named]), OCI_INDEX)
    await pushManifest(world.send, 'app', 'v1', tagged)
    await pushManifest(world.send, 'app', pushed.sha256, pushed)
    await world.pass(4 * DAY)
    expect(countsOf(await world.collect())).toEqual({})
    await world.pass(4 * DAY)
    expect(stepsOf(await world.collect())).toEqual([`condemn-manifest ${pushed.sha256}`])
    // Where no rule is left, it is made plain, unless it was condemned since the run has begun.
    await setRules(world, [])
    expect(stepsOf(await world.collect())).toEqual([])
    await world.pass(HOUR)
    expect(stepsOf(await world.collect())).toEqual([`keep-manifest ${pushed.sha256}`])
    expect((await world.store.head(revisionLinkKey('app', pushed.sha256)))?.size).toBe(71)
  })

  test('what belongs to something stays, also to what can come back', async () => {
    const world = await openWorld(service)
    const { send } = world
    const image = await pushImage(send, 'app', 'v1', [A])
    const child = imageOf([], { annotations: { is: 'child' } })
    await pushManifest(send, 'app', child.sha256, child)
    await pushManifest(send, 'app', 'list', indexOf([child]), OCI_INDEX)
    const signature = imageOf([], { subject: descriptorOf(OCI_MANIFEST, image) })
    await pushManifest(send, 'app', signature.sha256, signature)
    const tag = `sha256-${image.sha256.slice(7)}.sig`
    await pushManifest(send, 'app', tag, imageOf([], { annotations: { is: 'signature' } }))
    const keep: Rule = {
      name: 'keep',
      repositories: ['**'],
      tags: ['v1', 'list'],
      keep: 'always',
    }
    await setRules(world, [OLD_TAGS, DANGLING, keep])
    for (let at = 0; at < 3; at++) {
      await world.pass(30 * DAY)
      expect(stepsOf(await world.collect())).toEqual([])
    }
    await expectStatus(202, world.send(`DELETE /v2/app/manifests/${image.sha256}`))
    await expectStatus(202, world.send(`DELETE /v2/app/manifests/${indexOf([child]).sha256}`))
    await world.pass(6 * DAY)
    expect(stepsOf(await world.collect())).toEqual([])
    await world.pass(2 * DAY)
    const gone = countsOf(await world.collect())
    expect(gone).toEqual({ 'remove-manifest': 2, 'condemn-manifest': 2, 'condemn-link': 1 })
    expect(stepsOf(await world.collect())).toContain(`remove-tag ${tag}`)
  })

  test('without undelete days no note is written', async () => {
    const world = await openWorld(service)
    await pushImage(world.send, 'app', 'v1', [A])
    await setRules(world, [{ ...OLD_TAGS, remove: 'always' }])
    await world.pass(3 * DAY)
    const times = { grace: 2 * DAY, undelete: 0, claim: HOUR, send: HOUR }
    expect(stepsOf(await world.collect({ times }))).toEqual(['remove-tag v1'])
    expect(await listDeletions(world.store, 'app')).toEqual([])
  })

  test('what is younger than the grace stays, whatever rules say', async () => {
    const world = await openWorld(service)
    await pushImage(world.send, 'app', 'v1', [A])
    const untagged = imageOf([], { annotations: { is: 'untagged' } })
    await pushManifest(world.send, 'app', untagged.sha256, untagged)
    await setRules(world, [
      { ...OLD_TAGS, remove: 'always' },
      { ...DANGLING, remove: 'always' },
    ])
    await world.pass(2 * DAY)
    expect(stepsOf(await world.collect())).toEqual([])
    await world.pass(2000)
    expect(stepsOf(await world.collect())).toEqual(
      steps('remove-tag v1', `condemn-manifest ${untagged.sha256}`),
    )
  })

  test('an immutable tag stays, unless the rule says so', async () => {
    const world = await openWorld(service)
    await pushImage(world.send, 'app', 'v1', [A])
    await world.pass(20 * DAY)
    const immutable = [{ repositories: ['app'], tags: ['v*'] }]
    await setRules(world, [OLD_TAGS], immutable)
    expect(stepsOf(await world.collect())).toEqual([])
    await setRules(world, [{ ...OLD_TAGS, evenImmutable: true }], immutable)
    expect(stepsOf(await world.collect())).toEqual(['remove-tag v1'])
  })

  test('no manifest goes where one cannot be read: it might need it', async () => {
    const world = await openWorld(service)
    const image = await pushImage(world.send, 'app', 'v1', [A])
    const untagged = await pushImage(world.send, 'app', 'v1', [B])
    await pushImage(world.send, 'app', 'v1', [A])
    await setRules(world, [DANGLING])
    await world.store.put(
      revisionLinkKey('app', `sha256:${'1'.repeat(64)}`),
      Buffer.from(`sha256:${'1'.repeat(64)}`),
    )
    await world.pass(20 * DAY)
    const { things, notes } = await world.collect()
    expect([things, notes]).toEqual([[], [expect.stringContaining('are not there')]])
    expect(image.sha256).not.toBe(untagged.sha256)
  })

  test('a run that would take more than half of the tags stops', async () => {
    const world = await openWorld(service)
    for (const tag of ['a', 'b', 'c']) await pushImage(world.send, 'app', tag, [A])
    const keep: Rule = { name: 'keep', repositories: ['**'], tags: ['a'], keep: 'always' }
    await setRules(world, [OLD_TAGS, keep])
    await world.pass(20 * DAY)
    const { collected } = await world.collect({ force: false })
    expect(collected).toMatchObject({ outcome: 'refused', why: '2 of 3 tags' })
    expect(countsOf(await world.collect())).toEqual({ 'remove-tag': 2 })
  })
})

test('nothing is done by rules that cannot be read', async () => {
  const world = await openWorld(SERVICES[0]![1])
  await pushAtOnce(world.send, 'app', A)
  await world.store.put(RETENTION_KEY, Buffer.from('version: 2\n'))
  await world.pass(20 * DAY)
  const { collected, things } = await world.collect()
  expect(collected).toMatchObject({
    outcome: 'not-ready',
    why: expect.stringMatching(/^the rules on tags cannot be read: .*version/),
  })
  expect(things).toEqual([])
})

test('rules about other repositories cost one read a run', async () => {
  const world = await openWorld(SERVICES[0]![1])
  await pushImage(world.send, 'app', 'v1', [A])
  await pushImage(world.send, 'app', 'v2', [A, B])
  await world.pass(20 * DAY)
  const operations = async (): Promise<string[]> => {
    const seen: string[] = []
    const watched = (store: ObjectStore): ObjectStore =>
      intercept(store, (call, proceed) => {
        seen.push(call.operation)
        return proceed()
      })
    const watching = await openWorld(SERVICES[0]![1], watched, world.model)
    expect(stepsOf(await watching.collect())).toEqual([])
    return seen
  }
  // The first run has no earlier one's notes to read or replace.
  await operations()
  const without = await operations()
  await setRules(world, [{ ...OLD_TAGS, repositories: ['other/**'] }])
  // What was seen under other rules counts no more.
  await operations()
  expect(await operations()).toEqual(without)
})

describe('a push of the same digest beside a run', () => {
  const open = async () => {
    const service = SERVICES[0]![1]
    const world = await openWorld(service)
    const image = await pushImage(world.send, 'app', 'v1', [A])
    await pushManifest(world.send, 'app', 'v2', imageOf([A], { annotations: { is: 'second' } }))
    return { service, world, image }
  }

  /** A store where something happens before the first write that is as said. */
  const meeting = (isIt: (key: string, body: string) => boolean, work: () => Promise<unknown>) => {
    let done = false
    return (store: ObjectStore): ObjectStore => ({
      ...store,
      async put(key, body, options) {
        if (!done && isIt(key, Buffer.from(body).toString())) {
          done = true
          await work()
        }
        return store.put(key, body, options)
      },
    })
  }

  test('the tag stays, and counts as pushed', async () => {
    const { service, world, image } = await open()
    await setRules(world, [OLD_TAGS])
    await world.pass(20 * DAY)
    const around = meeting(
      (key, body) => key === tagLinkKey('app', 'v1') && body.includes('condemned'),
      () => pushManifest(world.send, 'app', 'v1', image),
    )
    const beside = await openWorld(service, around, world.model)
    expect(stepsOf(await beside.collect())).toEqual(['remove-tag v2'])
    await expectStatus(200, world.send('GET /v2/app/manifests/v1'))
    await world.pass(9 * DAY)
    expect(stepsOf(await world.collect())).not.toContain('remove-tag v1')
  })

  test.each([false, true])('the manifest stays; the run dies: %s', async (dies) => {
    const { service, world } = await open()
    await setRules(world, [DANGLING])
    const bare = imageOf([A], { annotations: { is: 'bare' } })
    await pushManifest(world.send, 'app', bare.sha256, bare)
    await world.pass(6 * DAY)
    const key = revisionLinkKey('app', bare.sha256)
    let dead = false
    const pushing = meeting(
      (written, body) => written === key && body.includes('condemned'),
      async () => {
        await pushManifest(world.send, 'app', bare.sha256, bare)
        dead = dies
      },
    )
    const around = (store: ObjectStore): ObjectStore => {
      const held = pushing(store)
      return {
        ...held,
        async head(asked) {
          if (dead) throw new Error('dead')
          return held.head(asked)
        },
      }
    }
    const beside = await openWorld(service, around, world.model)
    if (dies) await expect(beside.collect()).rejects.toThrow('dead')
    else expect(stepsOf(await beside.collect())).toEqual([])
    await world.pass(4 * DAY)
    expect(stepsOf(await world.collect())).toEqual(dies ? [`keep-manifest ${bare.sha256}`] : [])
    await world.pass(DAY - HOUR)
    expect(stepsOf(await world.collect())).toEqual([])
    await expectStatus(200, world.send(`GET /v2/app/manifests/${bare.sha256}`))
  })
})
