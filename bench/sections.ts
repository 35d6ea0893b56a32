/**
 * The parts of the benchmark that play on a stage: what runs on which.
 *
 * @module
 */

import { totalOf } from './calls.ts'
import type { ImageMaker } from './content.ts'
import type { Section } from './options.ts'
import type { Peer } from './peers/peer.ts'
import type { Counted } from './results.ts'
import { type Played, playRounds, type Scene } from './rounds.ts'
import type { Sizes } from './sizes.ts'
import { openStage, type Setting, type Stage } from './stage.ts'
import { COUNTING_DELAY, countAll } from './workloads/counts.ts'
import { fillForRequests, REQUEST_KINDS, requestScene } from './workloads/requests.ts'
import {
  largeTogetherScene,
  pullScene,
  type Subject,
  togetherScene,
  transferScene,
  warmUp,
} from './workloads/transfers.ts'

/** What a part works with. */
export interface Work {
  readonly peers: readonly Peer[]
  readonly maker: ImageMaker
  readonly sizes: Sizes
  readonly rounds: number
  /** Is told what is going on. */
  readonly tell: (line: string) => void
  /** Is given what was measured, scene by scene. */
  readonly add: (played: Played) => void
}

/** Milliseconds a call to S3 takes longer where it is meant to be as far as it is inside a region. */
export const LATENCY = 20

type Play = <Context>(scene: Scene<Context>, rounds?: number) => Promise<void>

/**
 * The registries that large layers are pushed to. distribution 2.8 takes a second for each part on this
 * S3 server, it seems for want of an answer to `Expect: 100-continue`, so that a gigabyte takes it two
 * minutes, which says nothing of it elsewhere.
 */
const forLarge = (work: Work): Work => ({
  ...work,
  peers: work.peers.filter(({ name }) => name !== 'distribution-2'),
})

/** Sets a stage, plays all scenes on it, and clears it away. */
const onStage = async (
  { peers, rounds, tell, add }: Work,
  setting: Setting,
  scenes: (stage: Stage, play: Play) => Promise<void>,
): Promise<void> => {
  const stage = await openStage(setting, peers)
  try {
    await scenes(stage, async (scene, times = rounds) => {
      add(await playRounds(stage, scene, times, tell))
    })
  } finally {
    await stage.close()
  }
}

/** Pushes by both kinds of clients, pulls, and pushes again. */
const playTransfers = async (
  { maker }: Work,
  play: Play,
  subjects: readonly Subject[],
): Promise<void> => {
  for (const subject of subjects) {
    const all = { pull: true, again: true }
    await play(transferScene('s3', maker, subject, { ...all, style: 'docker' }))
    const pushOnly = { pull: false, again: false }
    await play(transferScene('s3', maker, subject, { ...pushOnly, style: 'containerd' }))
  }
}

/** Everything on S3 as registries are set up for it: pulls are redirected. */
const s3 = (work: Work): Promise<void> =>
  onStage(work, { store: 's3', redirects: true }, async (stage, play) => {
    const { maker, sizes } = work
    // First, for all servers are to have warmed up before they are timed.
    const image = await fillForRequests(stage, maker)
    await play(requestScene('s3', image, sizes.loadSeconds))
    await playTransfers(work, play, sizes.subjects.slice(1))
    await play(togetherScene('s3', maker, sizes.together))
  })

/** The push of one large layer, by both kinds of clients, and its pull. */
const s3Large = (work: Work): Promise<void> =>
  onStage(forLarge(work), { store: 's3', redirects: true }, async (stage, play) => {
    await warmUp(stage, work.maker)
    await playTransfers(work, play, work.sizes.subjects.slice(0, 1))
  })

/** Pulls through the registries themselves. */
const direct = (work: Work): Promise<void> =>
  onStage(forLarge(work), { store: 's3', redirects: false }, async (stage, play) => {
    const { maker, sizes } = work
    await warmUp(stage, maker)
    for (const subject of sizes.subjects) {
      await play(pullScene('direct', stage, maker, subject))
    }
  })

/** Where each call to S3 takes as long as inside a region. */
const latency = (work: Work): Promise<void> =>
  onStage(
    work,
    { store: 's3', redirects: true, proxy: { delay: LATENCY } },
    async (stage, play) => {
      const { maker, sizes } = work
      await warmUp(stage, maker)
      const all = { pull: true, again: true }
      await play(transferScene('latency', maker, sizes.latency, { ...all, style: 'docker' }))
      await play(transferScene('latency', maker, sizes.latency, { ...all, style: 'containerd' }))
    },
  )

/** On a directory, as `npm start` has it. */
const files = (work: Work): Promise<void> =>
  onStage(forLarge(work), { store: 'file', redirects: false }, async (stage, play) => {
    const { maker, sizes } = work
    const image = await fillForRequests(stage, maker)
    await play(requestScene('files', image, sizes.loadSeconds, REQUEST_KINDS.slice(0, 4)))
    const transfers = { style: 'docker', pull: true, again: false } as const
    for (const subject of sizes.subjects) {
      await play(transferScene('files', maker, subject, transfers))
    }
  })

/** In the short run only the registry that has a budget. */
const forBudgets = (work: Work): Work =>
  work.sizes.briefly
    ? { ...work, peers: work.peers.filter(({ name }) => name === 'slipway') }
    : work

/** Eight gigabytes take a while, so that two registries must do. */
const forMemory = (work: Work): Work =>
  forBudgets({
    ...work,
    peers: work.peers.filter(({ name }) => name === 'slipway' || name === 'distribution'),
  })

/** Eight large layers at once. */
const memory = (work: Work): Promise<void> =>
  onStage(forMemory(work), { store: 's3', redirects: true }, async (stage, play) => {
    const { maker, sizes } = work
    await warmUp(stage, maker)
    await play(largeTogetherScene('memory', maker, sizes.memoryBytes, 'docker'), 1)
    await play(largeTogetherScene('memory', maker, sizes.memoryBytes, 'containerd'), 1)
  })

/** Calls to S3, by request. */
export const counts = async (work: Work): Promise<Counted[]> => {
  const { peers, maker, tell } = forBudgets(work)
  const proxy = { delay: COUNTING_DELAY }
  const stage = await openStage({ store: 's3', redirects: true, proxy }, peers)
  const counted: Counted[] = []
  try {
    for (const actor of stage.actors) {
      const all = await countAll(actor, maker)
      for (const { id, calls, steps } of all) {
        tell(`${id} ${actor.peer.name}: ${totalOf(calls)} calls in ${steps} steps`)
      }
      counted.push(...all)
    }
  } finally {
    await stage.close()
  }
  return counted
}

/** What runs in each part that is measured against others. */
export const STAGED = {
  s3,
  large: s3Large,
  direct,
  latency,
  files,
  memory,
} satisfies Partial<Record<Section, (work: Work) => Promise<void>>>
