import { describe, expect, test } from 'vitest'
import { type CachedOptions, cached } from '../../functions/shared/cached.ts'

type Options = Omit<CachedOptions<[string], string | undefined>, 'now'>

/** A cache, by name, of a text that changes; loads end when told to, on a clock of its own. */
const open = (options: Options = {}) => {
  const begun: { readonly name: string; end(): void; fail(message: string): void }[] = []
  const state = { now: 1_000, text: 'first' as string | undefined, waits: false, down: false }
  const cache = cached<[string], string | undefined>(
    async (name) => {
      const { text } = state
      const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
      begun.push({ name, end: () => resolve(text), fail: (why) => reject(new Error(why)) })
      if (state.down) begun.at(-1)?.fail(`failure ${begun.length}`)
      else if (!state.waits) begun.at(-1)?.end()
      return promise
    },
    { ...options, now: () => state.now },
  )
  return { cache, begun, state }
}

const turn = () => new Promise(setImmediate)

describe('age', () => {
  test('a value is loaded once while it is young, and again when it is old', async () => {
    const { cache, begun, state } = open({ maxAge: 100 })
    for (const [now, loads] of [
      [0, 1],
      [99, 1],
      [100, 2],
      [199, 2],
      [200, 3],
    ] as const) {
      state.now = 1_000 + now
      await cache.get('a')
      expect(begun.length, `after ${now} ms`).toBe(loads)
    }
  })

  test('counts from before the load', async () => {
    const { cache, begun, state } = open({ maxAge: 100 })
    state.waits = true
    const slow = cache.get('a')
    state.now += 100
    begun[0]?.end()
    expect(await slow).toBe('first')
    state.waits = false
    state.text = 'second'
    expect(await cache.get('a')).toBe('second')
  })

  test('has no bound by default', async () => {
    const { cache, begun, state } = open()
    await cache.get('a')
    state.now = Number.MAX_SAFE_INTEGER
    await cache.get('a')
    expect(begun).toHaveLength(1)
  })

  test('may depend on what is asked for', async () => {
    const { cache, begun, state } = open({ capacity: 2, maxAge: (name) => name.length * 100 })
    const both = () => Promise.all([cache.get('a'), cache.get('aa')])
    await both()
    state.now += 100
    await both()
    expect(begun.map(({ name }) => name)).toEqual(['a', 'aa', 'a'])
  })
})

describe('callers at the same time', () => {
  test('share one load, and all get the value', async () => {
    const { cache, begun, state } = open({ maxAge: 100 })
    state.waits = true
    const all = Array.from({ length: 20 }, () => cache.get('a'))
    await turn()
    expect(begun).toHaveLength(1)
    begun[0]?.end()
    expect(await Promise.all(all)).toEqual(Array(20).fill('first'))
    expect(begun).toHaveLength(1)
  })

  test('start as many loads as are allowed', async () => {
    const { cache, begun, state } = open({ atOnce: 2 })
    state.waits = true
    const all = Array.from({ length: 20 }, () => cache.get('a'))
    await turn()
    expect(begun).toHaveLength(2)
    for (const each of begun) each.end()
    await Promise.all(all)
    expect(begun).toHaveLength(2)
  })

  test('are not given the absence found by a load that began before they asked', async () => {
    const { cache, begun, state } = open()
    Object.assign(state, { waits: true, text: undefined })
    const early = cache.get('a')
    state.text = 'written'
    const late = [cache.get('a'), cache.get('a')]
    begun[0]?.end()
    expect(await early).toBe(undefined)
    await turn()
    begun[1]?.end()
    expect(await Promise.all(late)).toEqual(['written', 'written'])
    expect(begun).toHaveLength(2)
  })

  test('share nothing between different arguments', async () => {
    const { cache, begun } = open({ capacity: 2 })
    await Promise.all([cache.get('a'), cache.get('b'), cache.get('a')])
    expect(begun.map(({ name }) => name)).toEqual(['a', 'b'])
  })
})

test('what does not exist is looked for each time', async () => {
  const { cache, begun, state } = open()
  state.text = undefined
  await cache.get('a')
  state.text = 'now'
  expect(await cache.get('a')).toBe('now')
  expect(begun).toHaveLength(2)
})

describe('size', () => {
  test('the least recently used value is forgotten first', async () => {
    const { cache, begun } = open({
      capacity: 10,
      sizeOf: (value, name) => name.length + value!.length,
    })
    // Each has size 6, so only one fits.
    for (const name of ['a', 'a', 'b', 'b', 'a']) await cache.get(name)
    expect(begun.map(({ name }) => name)).toEqual(['a', 'b', 'a'])
  })

  test('a value larger than the capacity is returned, not remembered', async () => {
    const { cache, begun } = open({ capacity: 4, sizeOf: (value) => value!.length })
    expect([await cache.get('a'), await cache.get('a')]).toEqual(['first', 'first'])
    expect(begun).toHaveLength(2)
  })
})

describe('loads that fail', () => {
  test('are tried again by the next caller', async () => {
    const { cache, state } = open()
    state.down = true
    await expect(cache.get('a')).rejects.toThrow('failure 1')
    await expect(cache.get('a')).rejects.toThrow('failure 2')
    state.down = false
    expect(await cache.get('a')).toBe('first')
  })

  test('are tried again after the cooldown, and thrown until then', async () => {
    const { cache, state } = open({ maxAge: 1_000, cooldown: 100, firstCooldown: 10 })
    state.down = true
    for (const [now, message] of [
      [0, 'failure 1'],
      [9, 'failure 1'],
      [10, 'failure 2'],
    ] as const) {
      state.now = 1_000 + now
      await expect(cache.get('a')).rejects.toThrow(message)
    }
    state.down = false
    state.now += 10
    expect(await cache.get('a')).toBe('first')
  })

  test('leave the value in service until it is stale', async () => {
    const { cache, begun, state } = open({ maxAge: 100, cooldown: 30, stale: 200 })
    await cache.get('a')
    state.down = true
    for (const [now, loads] of [
      [100, 2],
      [129, 2],
      [130, 3],
      [199, 4],
    ] as const) {
      state.now = 1_000 + now
      expect(await cache.get('a')).toBe('first')
      expect(begun.length, `after ${now} ms`).toBe(loads)
    }
    state.now = 1_200
    await expect(cache.get('a')).rejects.toThrow('failure 4')
    state.now = 1_229
    await expect(cache.get('a')).rejects.toThrow('failure 5')
    state.down = false
    state.now = 1_259
    expect(await cache.get('a')).toBe('first')
  })

  test('leave no value in service that is too old, by default', async () => {
    const { cache, state } = open({ maxAge: 100 })
    await cache.get('a')
    Object.assign(state, { down: true, now: 1_100 })
    await expect(cache.get('a')).rejects.toThrow('failure 2')
  })

  test('are thrown to all who wait, with one more load at most', async () => {
    const { cache, begun, state } = open()
    state.down = true
    const ends = await Promise.allSettled(Array.from({ length: 20 }, () => cache.get('a')))
    expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(20)
    expect(begun).toHaveLength(2)
  })
})

describe('reload', () => {
  test('loads a young value again, but not within the cooldown', async () => {
    const { cache, begun, state } = open({ maxAge: 1_000, cooldown: 100 })
    await cache.get('a')
    state.text = 'second'
    state.now += 99
    expect(await cache.reload('a')).toBe('first')
    state.now += 1
    expect(await Promise.all([1, 2, 3].map(() => cache.reload('a')))).toEqual(
      Array(3).fill('second'),
    )
    expect(begun).toHaveLength(2)
  })

  test('loads what is not remembered', async () => {
    const { cache } = open()
    expect(await cache.reload('a')).toBe('first')
  })

  test('that fails leaves the value as young as it was', async () => {
    const { cache, begun, state } = open({ maxAge: 1_000, cooldown: 100 })
    await cache.get('a')
    Object.assign(state, { down: true, now: 1_500 })
    expect(await cache.reload('a')).toBe('first')
    state.now = 1_999
    expect(await cache.get('a')).toBe('first')
    expect(begun).toHaveLength(2)
    state.now = 2_000
    await expect(cache.get('a')).rejects.toThrow('failure 3')
  })
})

describe('a change', () => {
  test('is remembered from before the work that made it', async () => {
    const { cache, begun, state } = open({ maxAge: 100 })
    const write = async () => {
      state.now += 60
      return 'written'
    }
    expect(await cache.remember(write, 'a')).toBe('written')
    state.now += 39
    expect(await cache.get('a')).toBe('written')
    expect(begun).toHaveLength(0)
    state.now += 1
    expect(await cache.get('a')).toBe('first')
  })

  test('that fails is not remembered', async () => {
    const { cache, begun } = open()
    await expect(cache.remember(() => Promise.reject(new Error('no')), 'a')).rejects.toThrow('no')
    await cache.get('a')
    expect(begun).toHaveLength(1)
  })

  test('that is forgotten outdates loads and writes that have begun', async () => {
    const { cache, begun, state } = open({ capacity: 10 })
    await cache.get('a')
    state.waits = true
    const { promise: written, resolve } = Promise.withResolvers<void>()
    const reading = cache.get('b')
    const writing = cache.remember(() => written.then(() => 'written'), 'c')
    await turn()
    for (const name of ['a', 'b', 'c']) cache.forget(name)
    state.text = 'second'
    resolve()
    begun[1]?.end()
    expect(await Promise.all([reading, writing])).toEqual(['first', 'written'])
    state.waits = false
    for (const name of ['a', 'b', 'c']) expect(await cache.get(name)).toBe('second')
  })
})
