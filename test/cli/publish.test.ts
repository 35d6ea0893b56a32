/**
 * `slipway policy` keeps an edge in step with the policy.
 *
 * @module
 */

import { beforeEach, describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import { readDocument } from '../../functions/auth/document.ts'
import { EdgeCacheError } from '../../functions/compose/errors.ts'
import { POLICY_KEY } from '../../functions/registry/layout.ts'
import { openFiles } from '../support/rig/stores.ts'
import { type Desk, openDesk } from './desk.ts'

const ARN = 'arn:aws:cloudfront::123456789012:key-value-store/a1b2'
const PUBLISH = `policy publish --edge-list ${ARN} --distribution E2QWRUHAPOMQZL`
const policy = (...repositories: string[]) =>
  JSON.stringify({
    version: 1,
    rules:
      repositories.length === 0 ? [] : [{ who: ['anonymous'], repositories, actions: ['pull'] }],
  })

describe('with an edge', () => {
  let desk: Desk
  let list: Map<string, string>
  let steps: string[]
  let refuses: string | undefined
  /** What happens while additions wait. */
  let meanwhile: () => Promise<unknown>

  beforeEach(async (t) => {
    desk = await openDesk(t, openFiles)
    list = new Map()
    steps = []
    refuses = undefined
    meanwhile = async () => {}
    const inForce = async () => (await readDocument(desk.store, POLICY_KEY)) ?? 'none'
    const step = async (what: string, of: readonly string[]) => {
      if (of.length === 0) return
      if (refuses === what) throw new EdgeCacheError('refused', 403)
      const kept = /"repositories":(\[[^\]]*\])/.exec(await inForce())?.[1] ?? '[]'
      steps.push(`${what} ${of} while ${kept}`)
    }
    desk.openEdgeCache = () => ({
      list: async () => new Map(list),
      change: async (remove, add) => {
        if (add.size > 0) await meanwhile()
        await step('remove', remove)
        for (const key of remove) list.delete(key)
        await step('add', [...add.keys()])
        for (const [key, value] of add) list.set(key, value)
      },
      invalidate: (paths) => step('invalidate', paths),
    })
    desk.files.open = policy('open/**', 'app')
    desk.files.less = policy('app')
    desk.files.none = policy()
    await desk.give('policy set open')
    await desk.give(PUBLISH)
    steps.length = 0
  })

  test('what is public is listed, each with a version', () => {
    expect([...list.keys()]).toEqual(['app', 'open/**'])
    expect(new Set(list.values()).size).toBe(2)
    expect(desk.said.join('\n')).toMatch(/The edge keeps what is pulled from app, open\/\*\*\./)
  })

  test('what is no longer public leaves before the policy is written, and the others stay', async () => {
    const before = list.get('app')
    await desk.give('policy set less')
    expect(steps).toEqual([
      'remove open/** while ["open/**","app"]',
      'invalidate /v2/open/* while ["open/**","app"]',
    ])
    expect(Object.fromEntries(list)).toEqual({ app: before })
    expect(await readDocument(desk.store, POLICY_KEY)).toBe(desk.files.less)
  })

  test('what is newly public comes 20 s after the policy, with a new version', async () => {
    const before = list.get('open/**')
    await desk.give('policy set less')
    steps.length = 0
    const at = desk.clock.now()
    await desk.give('policy set open')
    expect(steps).toEqual(['add open/** while ["open/**","app"]'])
    expect(desk.clock.now() - at).toBe(20_000)
    expect(list.get('open/**')).not.toBe(before)
  })

  test.each(['remove', 'invalidate'])(
    'a policy is not written if the edge refuses: %s',
    async (what) => {
      refuses = what
      await expect(desk.give('policy set none')).rejects.toThrow('refused')
      expect(await readDocument(desk.store, POLICY_KEY)).toBe(desk.files.open)
    },
  )

  test('a policy that somebody else sets meanwhile is the one that counts', async () => {
    await desk.give('policy set less')
    meanwhile = async () => {
      meanwhile = async () => {}
      await desk.give('policy set none')
    }
    await desk.give('policy set open')
    expect([...list.keys()]).toEqual([])
  })

  test('after a change without the command, publish is enough', async () => {
    await desk.store.put(POLICY_KEY, Buffer.from(policy('other')))
    await desk.give('policy publish')
    expect([...list.keys()]).toEqual(['other'])
  })

  test('unpublish empties the list, and the policy is set without an edge again', async () => {
    await desk.give('policy unpublish')
    expect([...list.keys()]).toEqual([])
    desk.openEdgeCache = () => {
      throw new Error('no edge')
    }
    await desk.give('policy set less')
    await expect(desk.give('policy publish')).rejects.toThrow(/give both flags/)
    await expect(desk.give('policy unpublish')).rejects.toThrow(/no edge keeps anything/)
  })

  test('unpublish goes on where the list is gone, and not where it is refused', async () => {
    const failing = (status: number) => () => ({
      list: async () => {
        throw new EdgeCacheError('refused', status)
      },
      change: async () => {},
      invalidate: async () => {},
    })
    desk.openEdgeCache = failing(403)
    await expect(desk.give('policy unpublish')).rejects.toThrow('refused')
    desk.openEdgeCache = failing(404)
    await desk.give('policy unpublish')
    await expect(desk.give('policy publish')).rejects.toThrow(/give both flags/)
  })
})

test.each([
  [`policy publish --distribution E2QWRUHAPOMQZL`, /go together/],
  [`policy publish --edge-list ${ARN}`, /go together/],
  [PUBLISH.replace('arn:aws:cloudfront', 'arn:aws:s3'), /expected the ARN of a key-value store/],
  [PUBLISH.replace('E2QW', 'K2QW'), /expected an id/],
])('%s is refused', async (line, message) => {
  const desk = await openDesk({ onTestFinished } as TestContext, openFiles)
  await expect(desk.give(line)).rejects.toThrow(message)
})
