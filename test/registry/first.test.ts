/**
 * A push that another registry takes first: what that refuses changes nothing here, and nobody is told of it; what this
 * registry refuses is not sent there.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { createRegistry } from '../../functions/registry/registry.ts'
import { NO_RULES } from '../../functions/registry/retention/retention.ts'
import { createModel } from '../interleavings/model.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import { clientOf } from '../support/rig/client.ts'
import { allObjects } from '../support/rig/invariants.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { eventsIn, recorderOf } from '../support/rig/recorded.ts'
import { quotasOf } from './quotas/truth.ts'

const LAYER = blob('layer', 10_000)
const IMAGE = imageOf([LAYER])
const WITHOUT = imageOf([blob('not here', 10)])
const THERE = imageOf([blob('there', 20_000)])
const OTHER = imageOf([], { annotations: { other: 'yes' } })
const REFUSED = new Error('refused')

/** A repository with what IMAGE needs, and a tag that may not move. */
const open = async (hard?: string) => {
  const { store } = createModel({ etags: 'content', conditionalDeletes: true })
  const send = await clientOf(store)
  for (const each of [CONFIG, LAYER]) await pushAtOnce(send, 'app', each)
  await pushManifest(send, 'app', 'frozen', OTHER)
  const rules = { ...NO_RULES, isImmutable: (_: string, tag: string) => tag === 'frozen' }
  const quota = { repositories: ['app'], ...(hard && { hard }) }
  const registry = createRegistry({
    store,
    uploadSecret: async () => new Uint8Array(32),
    events: recorderOf(store),
    rules: async () => rules,
    quotas: async () => quotasOf(quota).quotas,
  })
  const calls: string[] = []
  const push = (tag: string, image = IMAGE, refuses?: 'content' | 'manifest') => {
    const take = (stage: 'content' | 'manifest') => async () => {
      const isTagged = (await registry.tags.get('app', tag)) !== undefined
      calls.push(isTagged ? `${stage}, tagged` : stage)
      if (stage === refuses) throw REFUSED
    }
    const first = { content: take('content'), manifest: take('manifest'), late: async () => {} }
    return registry.manifests.push('app', { tag }, image.bytes, undefined, { first })
  }
  const keys = async (prefix: string) => (await allObjects(store, prefix)).map(({ key }) => key)
  const events = async () =>
    (await eventsIn(store)).map(({ action, target }) => `${action} :${target?.tag}`)
  return { registry, push, calls, keys, events }
}

test('it is taken there, then it is here, and is told of', async () => {
  const { registry, push, calls, events } = await open()
  await push('v1')
  expect(calls).toEqual(['content', 'manifest'])
  expect((await registry.tags.get('app', 'v1'))?.target).toBe(IMAGE.sha256)
  expect(await events()).toEqual(['push :v1'])
})

test('what it refers to need not be here', async () => {
  const { registry, push } = await open()
  await push('v1', WITHOUT)
  expect(
    (await registry.manifests.get('app', await registry.manifests.resolve('app', { tag: 'v1' })))
      .bytes,
  ).toEqual(WITHOUT.bytes)
})

describe('refused there', () => {
  test.each<['content' | 'manifest', readonly string[]]>([
    ['content', ['content']],
    ['manifest', ['content', 'manifest']],
  ])('as to its %s', async (stage, expected) => {
    const { push, calls, keys, events } = await open()
    const links = await keys('docker/registry/v2/repositories/')
    await expect(push('v1', IMAGE, stage)).rejects.toBe(REFUSED)
    expect(calls).toEqual(expected)
    expect(await keys('docker/registry/v2/repositories/')).toEqual(links)
    expect(await events()).toEqual([])
  })
})

test.each([
  ['a tag that may not move', undefined, 'frozen', /TAG_IMMUTABLE/, []],
  ['a quota', '1 kB', 'v1', /QUOTA_EXCEEDED/, ['content']],
  ['a quota, for what is there alone', '12 kB', 'v1', /QUOTA_EXCEEDED/, ['content'], THERE],
])(
  'refused here by %s, it is not taken there',
  async (_, hard, tag, code, expected, image = IMAGE) => {
    const { push, calls, events } = await open(hard)
    await expect(push(tag, image)).rejects.toMatchObject({ code: expect.stringMatching(code) })
    expect(calls).toEqual(expected)
    expect(await events()).toEqual([])
  },
)
