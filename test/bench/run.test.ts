/**
 * What keeps a run in order: how far it is, what it may go on with, what strace and limits say.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { farOf } from '../../bench/meter.ts'
import { openFilesOf } from '../../bench/open-files.ts'
import { readOptions } from '../../bench/options.ts'
import { expectedSeconds, type Item, type Part, playPart, type Work } from '../../bench/parts.ts'
import { slipwayPeer } from '../../bench/peers/slipway.ts'
import { zotPeer } from '../../bench/peers/zot.ts'
import type { Participant, Results } from '../../bench/results.ts'
import { resumed } from '../../bench/resume.ts'
import { flushesOf } from '../../bench/strace.ts'

describe('how far a run is', () => {
  for (const [done, all, elapsed, expected] of [
    [0, 0, 1, ''],
    [0, 100, 1, '  0 %'],
    [25, 100, 50, ' 25 %, 2:30 left'],
    [100, 100, 50, '100 %, 0:00 left'],
    [120, 100, 50, '100 %, 0:00 left'],
    [1, 2, 59.7, ' 50 %, 1:00 left'],
  ] as const) {
    test(`${done} of ${all}`, () => assert.equal(farOf(done, all, elapsed), expected))
  }
})

describe('flushes in a summary of strace', () => {
  const HEAD = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
`
  for (const [what, summary, expected] of [
    ['none', '', 0],
    [
      'two kinds, one with errors',
      `${HEAD} 90.00    0.009000          30       300           fsync
 10.00    0.001000         100        10         2 fdatasync
------ ----------- ----------- --------- --------- ----------------
100.00    0.010000          32       310         2 total
`,
      310,
    ],
  ] as const) {
    test(what, () => assert.equal(flushesOf(summary), expected))
  }
})

test('the limit of open files', () => {
  const limits = (of: string) =>
    `Limit   Soft Limit   Hard Limit   Units\nMax open files  ${of}  files\n`
  assert.deepEqual(openFilesOf(limits('1024  unlimited')), { soft: 1024, hard: Infinity })
  assert.deepEqual(openFilesOf(limits('20000    20000')), { soft: 20_000, hard: 20_000 })
  assert.throws(() => openFilesOf('nothing'), /no limit of open files/)
})

describe('a run that goes on', () => {
  const slipway: Participant = { peer: 'slipway', title: 'Slipway', version: 'abc', settings: '' }
  const now: Results = {
    date: '2026-01-03T00:00:00.000Z',
    command: 'npm run bench -- --resume',
    machine: { CPU: '2 x a fast one' },
    participants: [slipway],
    plan: { sizes: 'full', rounds: 5, only: ['s3'] },
    measured: [],
    failures: [],
    counted: [],
    grown: [],
    invoked: [],
  }
  const before: Results = {
    ...now,
    date: '2026-01-02T00:00:00.000Z',
    measured: [{ id: 's3/pull/1x1gb', peer: 'slipway', values: {}, ratios: {} }],
  }

  test('has what was measured', () => {
    const { measured, date } = resumed(before, now)
    assert.equal(measured.length, 1)
    assert.equal(date, before.date)
  })

  const dirty = { ...slipway, version: 'abc-dirty, Node v24' }
  for (const [what, then, today, expected] of [
    [
      'another commit',
      before,
      { ...now, participants: [dirty] },
      /commit or registries .*abc-dirty/,
    ],
    ['another machine', before, { ...now, machine: { CPU: 'another' } }, /machine .* differ/],
    ['another option', before, { ...now, plan: { ...now.plan!, rounds: 3 } }, /options .* differ/],
    ['results of before there was a plan', { ...before, plan: undefined! }, now, /options/],
    [
      'changes that no commit has',
      { ...before, participants: [dirty] },
      { ...now, participants: [dirty] },
      /Slipway is abc-dirty.*no commit has/,
    ],
  ] as const satisfies readonly (readonly [string, Results, Results, RegExp])[]) {
    test(`is refused with ${what}`, () => assert.throws(() => resumed(then, today), expected))
  }
})

test('what has results is neither expected nor played', async () => {
  const item = (id: string, rounds?: number): Item => ({
    ids: [id],
    rounds,
    seconds: 10,
    play: () => Promise.reject(new Error(`${id} was played`)),
  })
  const part: Part = {
    setting: { store: 'file', redirects: false },
    peers: [slipwayPeer(undefined), zotPeer('zot')],
    items: [item('a'), item('b', 1)],
  }
  const work = (done: readonly string[]): Work =>
    ({ rounds: 3, has: (id: string) => done.includes(id) }) as unknown as Work
  assert.equal(expectedSeconds(work([]), part), 10 * 2 * 3 + 10 * 2)
  assert.equal(expectedSeconds(work(['a']), part), 10 * 2)
  await playPart(work(['a', 'b']), part)
})

describe('a quick run', () => {
  test('has parts, rounds and a file of its own', () => {
    const { sizes, rounds, only, out } = readOptions(['--quick'], '2026-01-02')
    assert.equal(sizes, 'quick')
    assert.equal(rounds, 3)
    assert.equal(out, '.ci/artifacts/bench-quick.json')
    assert.ok(only.every((section) => section.startsWith('quick-')))
  })

  for (const args of [
    ['--quick', '--smoke'],
    ['--quick', '--only', 's3'],
    ['--only', 'quick-s3'],
  ]) {
    test(`${args.join(' ')} is refused`, () => assert.throws(() => readOptions(args, '')))
  }
})
