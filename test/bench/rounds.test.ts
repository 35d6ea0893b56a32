/**
 * Rounds: who is measured when, and what becomes of those who fail.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import type { PeerName } from '../../bench/peers/peer.ts'
import { playRounds, type Scene } from '../../bench/rounds.ts'
import type { Actor, Stage } from '../../bench/stage.ts'

/** Registries that are all this process. */
const stageOf = (names: readonly PeerName[]): { stage: Stage; sweeps: () => number } => {
  let swept = 0
  const actors = names.map((name) => ({ peer: { name }, pid: () => process.pid }) as Actor)
  const sweep = () => {
    swept++
  }
  const setting = { store: 'file', redirects: false } as const
  return { stage: { setting, actors, sweep, close: async () => {} }, sweeps: () => swept }
}

const quiet = () => {}

/** A step that notes who takes it, and gives a value that tells round and registry. */
const noted = (turns: string[], fails?: (turn: string) => boolean): Scene<number> => {
  let round = 0
  return {
    prepare: () => round++,
    seconds: 1,
    steps: [
      {
        id: 'step',
        async run({ peer }, at) {
          const turn = `${at} ${peer.name}`
          turns.push(turn)
          if (fails?.(turn)) throw new Error('it failed')
          return { value: (at + 1) * (peer.name === 'slipway' ? 10 : 20) }
        },
      },
    ],
  }
}

describe('rounds', () => {
  test('begin with another registry each', async () => {
    const turns: string[] = []
    const { stage } = stageOf(['slipway', 'distribution', 'zot'])
    await playRounds(stage, noted(turns), 3, quiet)
    assert.deepEqual(turns, [
      ...['0 slipway', '0 distribution', '0 zot'],
      ...['1 distribution', '1 zot', '1 slipway'],
      ...['2 zot', '2 slipway', '2 distribution'],
    ])
  })

  test('are summed up, and compared pair by pair', async () => {
    const { stage } = stageOf(['slipway', 'distribution'])
    const { measured } = await playRounds(stage, noted([]), 3, quiet)
    const [ours, theirs] = measured
    assert.equal(ours?.values.value?.median, 20)
    assert.deepEqual(ours.ratios, {})
    assert.equal(theirs?.values.value?.median, 40)
    assert.equal(theirs.values.value.n, 3)
    assert.equal(theirs.ratios.value, 0.5)
    assert.ok(theirs.values.seconds && theirs.values.cpuSeconds && theirs.values.peakBytes)
  })

  test('go on without a registry that failed', async () => {
    const turns: string[] = []
    const { stage } = stageOf(['slipway', 'zot'])
    const scene = noted(turns, (turn) => turn === '1 zot')
    const { measured, failures } = await playRounds(stage, scene, 3, quiet)
    assert.deepEqual(failures, [{ id: 'step', peer: 'zot', why: 'Error: it failed' }])
    assert.deepEqual(turns, ['0 slipway', '0 zot', '1 zot', '1 slipway', '2 slipway'])
    assert.deepEqual(
      measured.map(({ peer }) => peer),
      ['slipway'],
    )
  })

  test('end when Slipway failed', async () => {
    const { stage } = stageOf(['zot', 'slipway'])
    const scene = noted([], (turn) => turn === '0 slipway')
    await assert.rejects(playRounds(stage, scene, 3, quiet), /it failed/)
  })

  for (const [sweep, expected] of [
    [undefined, 3],
    ['always', 9],
    ['never', 1],
  ] as const) {
    test(`sweep ${sweep ?? 'after each'}`, async () => {
      const { stage, sweeps } = stageOf(['slipway', 'zot'])
      const scene = { ...noted([]), ...(sweep === undefined ? {} : { sweep }) }
      await playRounds(stage, scene, 3, quiet)
      assert.equal(sweeps(), expected)
    })
  }
})
