import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'vitest'
import { editDocument, MAX_DOCUMENT_SIZE, readDocument } from '../../functions/auth/document.ts'
import { AccessError } from '../../functions/auth/errors.ts'
import { type LiveEvent, liveDocument, MAX_AGE } from '../../functions/auth/live.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { intercept } from '../support/rig/intercept.ts'
import { STORES } from '../support/rig/stores.ts'
import { createClock, emptyStore, write } from './harness.ts'

const KEY = 'slipway/v1/config/some'

/** A live document of upper-case letters, over a store that counts reads and can be made to fail. */
const openLive = async (t: TestContext) => {
  const inner = await emptyStore(t)
  const clock = createClock()
  const events: LiveEvent[] = []
  const state = { reads: 0, failing: false }
  const store = intercept(inner, async (_, proceed) => {
    state.reads++
    if (state.failing) throw new StoreError('unavailable', 'the store is away')
    return proceed()
  })
  const live = liveDocument(
    KEY,
    (text) => {
      if (text !== undefined && !/^[A-Z]+$/.test(text)) throw new Error(`bad: ${text}`)
      return { text }
    },
    { store, now: clock.now, report: (event) => events.push(event) },
  )
  return { live, clock, events, state, write: (text: string) => write(inner, KEY, text), inner }
}

const closed = (error: unknown): boolean =>
  error instanceof AccessError && error.code === 'UNAVAILABLE'

describe('a live document', () => {
  it('is read once for concurrent callers, and again when it is old', async (t) => {
    const { live, clock, state } = await openLive(t)
    await Promise.all(Array.from({ length: 20 }, () => live.get()))
    clock.pass(MAX_AGE - 1)
    await live.get()
    assert.equal(state.reads, 1)
    clock.pass(1)
    await Promise.all(Array.from({ length: 20 }, () => live.get()))
    assert.equal(state.reads, 2)
  })

  it('shows a change within a minute', async (t) => {
    const { live, clock, write, events } = await openLive(t)
    assert.equal((await live.get()).text, undefined)
    await write('A')
    clock.pass(60_000)
    assert.equal((await live.get()).text, 'A')
    assert.deepEqual(events, [
      { outcome: 'loaded', key: KEY, first: true },
      { outcome: 'loaded', key: KEY, first: false },
    ])
    assert.ok(MAX_AGE < 60_000)
  })

  it('shows that it was removed', async (t) => {
    const { live, clock, write, inner } = await openLive(t)
    await write('A')
    assert.equal((await live.get()).text, 'A')
    await inner.delete([KEY])
    clock.pass(MAX_AGE)
    assert.equal((await live.get()).text, undefined)
  })

  it('is the same object while nothing changes', async (t) => {
    const { live, clock, write, events } = await openLive(t)
    await write('A')
    const before = await live.get()
    clock.pass(MAX_AGE)
    await write('A')
    assert.equal(await live.get(), before)
    assert.equal(events.length, 1)
  })

  it('stays as it was while a new one is invalid, and reports it each time', async (t) => {
    const { live, clock, write, events } = await openLive(t)
    await write('A')
    await live.get()
    await write('bad')
    for (let round = 0; round < 3; round++) {
      clock.pass(MAX_AGE)
      assert.equal((await live.get()).text, 'A')
    }
    const kept = events.filter(({ outcome }) => outcome === 'kept')
    assert.deepEqual(
      kept.map((event) => 'error' in event && String(event.error)),
      Array(3).fill('Error: bad: bad'),
    )
    await write('B')
    clock.pass(MAX_AGE)
    assert.equal((await live.get()).text, 'B')
  })

  it('stays as it was while the store fails', async (t) => {
    const { live, clock, write, events, state } = await openLive(t)
    await write('A')
    await live.get()
    state.failing = true
    clock.pass(24 * 60 * 60_000)
    assert.equal((await live.get()).text, 'A')
    assert.equal(events.at(-1)?.outcome, 'kept')
  })

  for (const [name, breakIt, mend] of [
    ['bad', 'bad', 'A'],
    ['not UTF-8', Buffer.of(0x41, 0xff), 'A'],
    ['too large', Buffer.alloc(MAX_DOCUMENT_SIZE + 1, 'A'), 'A'],
  ] as const) {
    it(`is refused to everyone while the first one is ${name}`, async (t) => {
      const { live, clock, inner, events, state } = await openLive(t)
      await inner.put(KEY, Buffer.from(breakIt))
      await assert.rejects(live.get(), closed)
      await assert.rejects(live.get(), closed)
      assert.deepEqual(
        events.map(({ outcome }) => outcome),
        ['failed'],
      )
      assert.equal(state.reads, 1, 'a short pause between reads')
      await inner.put(KEY, Buffer.from(mend))
      clock.pass(1_000)
      assert.equal((await live.get()).text, mend)
    })
  }

  it('is refused to everyone if the store has failed from the beginning', async (t) => {
    const { live, clock, state } = await openLive(t)
    state.failing = true
    await assert.rejects(live.get(), closed)
    state.failing = false
    clock.pass(1_000)
    assert.equal((await live.get()).text, undefined)
  })
})

describe('changing a document', () => {
  for (const [name, open] of STORES) {
    it(`loses none of many concurrent changes: ${name}`, async (t) => {
      const { store, close } = await open()
      t.onTestFinished(close)
      const names = Array.from({ length: 12 }, (_, index) => `line-${index}\n`)
      const written = await Promise.all(
        names.map((line) => editDocument(store, KEY, (text = '') => text + line)),
      )
      assert.deepEqual(new Set(written), new Set([true]))
      const lines = (await readDocument(store, KEY))!.split('\n').filter(Boolean)
      assert.deepEqual(lines.toSorted(), names.map((line) => line.trim()).toSorted())
    })
  }

  it('writes nothing without a change', async (t) => {
    const puts: string[] = []
    const store: ObjectStore = intercept(await emptyStore(t), async (call, proceed) => {
      if (call.operation === 'put') puts.push(String(call.args[0]))
      return proceed()
    })
    assert.equal(await editDocument(store, KEY, () => undefined), false)
    await editDocument(store, KEY, () => 'a')
    assert.equal(await editDocument(store, KEY, (text) => text), false)
    assert.deepEqual(puts, [KEY])
  })

  it('refuses to write more than can be read back', async (t) => {
    const store = await emptyStore(t)
    await assert.rejects(
      editDocument(store, KEY, () => 'a'.repeat(MAX_DOCUMENT_SIZE + 1)),
      /more than/,
    )
    assert.equal(await readDocument(store, KEY), undefined)
  })
})
