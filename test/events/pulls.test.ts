/**
 * Pulls are told of from memory: once, as long as there is room, and without anybody who waits.
 *
 * @module
 */

import { expect, onTestFinished, test, vi } from 'vitest'
import { endedKey } from '../../functions/events/keys.ts'
import type { Outcome } from '../../functions/events/outcome.ts'
import { createPulls } from '../../functions/events/pulls.ts'
import type { Receiver } from '../../functions/events/receivers.ts'
import { eventually } from '../support/until.ts'
import { receiverOf } from './receiver.ts'
import { digestOf } from './records.ts'
import { DELIVERED, FAILED } from './rig.ts'

const PULLS = receiverOf({ name: 'pulls', kinds: ['pull'], repositories: ['team/**'] })

const pullOf = (tag: string, repository = 'team/app') => ({
  repository,
  target: { mediaType: 'x/y', digest: digestOf('a'), size: 3, tag },
  origin: { actor: 'alice', request: { id: '1', method: 'GET', userAgent: 'x'.repeat(300) } },
})

/** Where it is said who has ended. */
const createEnds = () => {
  const keys = new Set<string>()
  const info = { size: 1, etag: '', modified: new Date(0), metadata: {} }
  return {
    keys,
    async head(key: string) {
      return keys.has(key) ? info : undefined
    },
    async put(key: string) {
      keys.add(key)
      return info
    },
  }
}

const open = (
  receivers: readonly Receiver[],
  respond: () => Outcome | Promise<Outcome>,
  ends = createEnds(),
) => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const sent: string[] = []
  const report = vi.fn()
  const { signal } = new AbortController()
  const pulls = createPulls({
    store: ends,
    report,
    now: () => 1,
    signal,
    async post({ name }, { target }) {
      sent.push(`${name} ${target?.tag}`)
      return respond()
    },
  })
  void pulls.follow(receivers)
  const dropped = vi.fn()
  const tell = (tag: string, repository?: string) => pulls.tell(pullOf(tag, repository), dropped)
  return {
    pulls,
    sent,
    report,
    dropped,
    tell,
    pass: (time = 0) => vi.advanceTimersByTimeAsync(time),
  }
}

test('who wants pulls is told of those that it wants', async () => {
  const all = receiverOf({ name: 'all' })
  const { pulls, sent, dropped, tell, pass } = open([PULLS, all], () => DELIVERED)
  expect(pulls.isWanted()).toBe(true)
  tell('v1')
  tell('v1', 'other')
  await pass()
  expect(sent).toEqual(['pulls v1'])
  await pulls.follow([all])
  expect(pulls.isWanted()).toBe(false)
  tell('v2')
  await pass()
  expect(sent).toEqual(['pulls v1'])
  expect(dropped).not.toHaveBeenCalled()
})

test('an event says who has pulled what', async () => {
  const post = vi.fn(async () => DELIVERED)
  const pulls = createPulls({
    store: createEnds(),
    report: () => {},
    now: () => 1,
    signal: new AbortController().signal,
    post,
  })
  await pulls.follow([PULLS])
  pulls.tell(pullOf('v1'), () => {})
  await eventually(() => expect(post).toHaveBeenCalled())
  const [, event] = post.mock.calls[0] as unknown as [Receiver, object]
  expect(event).toEqual({
    version: 1,
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    at: 1,
    action: 'pull',
    repository: 'team/app',
    target: { mediaType: 'x/y', digest: digestOf('a'), size: 3, tag: 'v1' },
    actor: 'alice',
    request: { id: '1', method: 'GET', userAgent: 'x'.repeat(256) },
  })
})

test('of a receiver that does not respond no more than so many wait', async () => {
  const { sent, dropped, tell, pass } = open([PULLS], () => new Promise(() => {}))
  for (let at = 0; at < 1010; at++) tell(String(at))
  await pass()
  expect(sent).toHaveLength(4)
  // Four are under way.
  expect(dropped).toHaveBeenCalledTimes(6)
})

test('what fails is dropped, and the next waits', async () => {
  let outcome = FAILED
  const { sent, dropped, tell, pass } = open([PULLS], () => outcome)
  tell('1')
  await pass()
  tell('2')
  await pass(400)
  expect([sent.length, dropped.mock.calls.length]).toEqual([1, 1])
  outcome = DELIVERED
  await pass(700)
  expect([sent.length, dropped.mock.calls.length]).toEqual([2, 1])
})

test('who has ended is told again once the document has changed', async () => {
  let outcome: Outcome = { kind: 'gone', why: 'responded 410' }
  const { pulls, sent, dropped, tell, pass } = open([PULLS], () => outcome)
  tell('1')
  await pass()
  tell('2')
  await pass()
  expect([sent.length, dropped.mock.calls.length]).toEqual([1, 1])
  outcome = DELIVERED
  await pulls.follow([receiverOf({ name: 'pulls', kinds: ['pull'] })])
  tell('3')
  await pass()
  expect(sent).toEqual(['pulls 1', 'pulls 3'])
})

test('who has ended is told again once the same document is set again, and by nobody before', async () => {
  let outcome: Outcome = { kind: 'gone', why: 'responded 410' }
  const ends = createEnds()
  const { pulls, sent, report, tell, pass } = open([PULLS], () => outcome, ends)
  const same = [PULLS]
  await pulls.follow(same)
  tell('1')
  await pass()
  expect([...ends.keys]).toEqual([endedKey('pulls')])
  expect(report).toHaveBeenCalledWith(
    expect.objectContaining({ receiver: 'pulls', what: 'ended', why: 'responded 410' }),
  )
  outcome = DELIVERED
  await pulls.follow(same)
  tell('2')
  const other = open([], () => outcome, ends)
  await other.pulls.follow(same)
  other.tell('3')
  await pass()
  expect([sent, other.sent]).toEqual([['pulls 1'], []])
  // As `slipway events set` does, where the document stays as it was.
  ends.keys.clear()
  await pulls.follow(same)
  await other.pulls.follow(same)
  tell('4')
  other.tell('5')
  await pass()
  expect([sent, other.sent]).toEqual([['pulls 1', 'pulls 4'], ['pulls 5']])
})

test('where it cannot be said who has ended, it is told again after a pause', async () => {
  const gone: Outcome = { kind: 'gone', why: 'responded 410' }
  const ends = { ...createEnds(), put: () => Promise.reject(new Error('no store')) }
  const { sent, tell, pass } = open([PULLS], () => gone, ends)
  await pass()
  tell('1')
  await pass()
  tell('2')
  await pass(400)
  expect(sent).toEqual(['pulls 1'])
  await pass(700)
  expect(sent).toEqual(['pulls 1', 'pulls 2'])
})
