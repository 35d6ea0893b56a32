/**
 * The parts of the benchmark that play on a stage: what runs on which.
 *
 * @module
 */

import { totalOf } from './calls.ts'
import type { Section } from './options.ts'
import { forLarge, type Item, item, type Part, WITH_REDIRECTS, type Work } from './parts.ts'
import type { Peer } from './peers/peer.ts'
import { quickS3 } from './quick.ts'
import type { Counted } from './results.ts'
import { openStage } from './stage.ts'
import { COUNTING_DELAY, countAll } from './workloads/counts.ts'
import { crowdScene } from './workloads/crowd.ts'
import { idleScene } from './workloads/idle.ts'
import { mixedScene } from './workloads/mixed.ts'
import { REQUEST_KINDS, requestScene } from './workloads/requests.ts'
import {
  largeTogetherScene,
  pullScene,
  type Subject,
  togetherScene,
  transferScene,
} from './workloads/transfers.ts'

/** Milliseconds a call to S3 takes longer where it is meant to be as far as it is inside a region. */
export const LATENCY = 20

const all = { pull: true, again: true } as const
const pushOnly = { pull: false, again: false } as const

/** Pushes by both kinds of clients, pulls, and pushes again. */
const transfers = ({ maker }: Work, subjects: readonly Subject[]): readonly Item[] =>
  subjects.flatMap((subject) => [
    item(transferScene('s3', maker, subject, { ...all, style: 'docker' })),
    item(transferScene('s3', maker, subject, { ...pushOnly, style: 'containerd' })),
  ])

/** Everything on S3 as registries are set up for it: pulls are redirected. */
const s3 = (work: Work): Part => ({
  setting: WITH_REDIRECTS,
  peers: work.peers,
  items: [
    item(requestScene('s3', work.maker, work.sizes.loadSeconds)),
    ...transfers(work, work.sizes.subjects.slice(1)),
    item(togetherScene('s3', work.maker, work.sizes.together)),
  ],
})

/** The push of one large layer, by both kinds of clients, and its pull. */
const large = (work: Work): Part => ({
  setting: WITH_REDIRECTS,
  peers: forLarge(work),
  items: transfers(work, work.sizes.subjects.slice(0, 1)),
})

/** Pulls through the registries themselves. */
const direct = (work: Work): Part => ({
  setting: { store: 's3', redirects: false },
  peers: forLarge(work),
  items: work.sizes.subjects.map((subject) => item(pullScene('direct', work.maker, subject))),
})

/** Where each call to S3 takes as long as inside a region. */
const latency = ({ peers, maker, sizes }: Work): Part => ({
  setting: { ...WITH_REDIRECTS, proxy: { delay: LATENCY } },
  peers,
  items: (['docker', 'containerd'] as const).map((style) =>
    item(transferScene('latency', maker, sizes.latency, { ...all, style })),
  ),
})

/** On a directory, as `npm start` has it. @param pull whether what is pushed is pulled, too */
const files = (work: Work, pull: boolean): Part => ({
  setting: { store: 'file', redirects: false },
  peers: forLarge(work),
  items: [
    item(requestScene('files', work.maker, work.sizes.loadSeconds, REQUEST_KINDS.slice(0, 4))),
    ...work.sizes.subjects.map((subject) =>
      item(
        transferScene('files', work.maker, subject, {
          style: 'docker',
          pull,
          again: false,
          flushes: true,
        }),
      ),
    ),
  ],
})

/** Rounds of what takes long with so many clients. */
const MANY_ROUNDS = 3

/** Many clients at once, on files and through the registry on S3. */
const many = (work: Work, store: 'file' | 's3'): Part => {
  const { maker, tell } = work
  const sizes = work.sizes.many
  return {
    setting: { store, redirects: false },
    peers: forLarge(work),
    items: [
      item(crowdScene(`many/crowd-${store}`, maker, sizes.crowd), MANY_ROUNDS),
      item(mixedScene(`many/mixed-${store}`, maker, sizes.mixed)),
      // What waits on its connections is the server, not its store.
      ...(store === 'file'
        ? [item(idleScene(maker, sizes.connections, sizes.seconds, tell), MANY_ROUNDS)]
        : []),
    ],
  }
}

/** In the short run only the registry that has a budget. */
const forBudgets = ({ peers, sizes }: Work): readonly Peer[] =>
  sizes.briefly ? peers.filter(({ name }) => name === 'slipway') : peers

/** Eight large layers at once. They take a while, so that two registries must do. */
const memory = (work: Work): Part => ({
  setting: WITH_REDIRECTS,
  peers: forBudgets(work).filter(({ name }) => name === 'slipway' || name === 'distribution'),
  items: (['docker', 'containerd'] as const).map((style) =>
    item(largeTogetherScene('memory', work.maker, work.sizes.memoryBytes, style), 1),
  ),
})

/** Calls to S3, by request. */
export const counts = async (work: Work): Promise<Counted[]> => {
  const { maker, tell } = work
  const proxy = { delay: COUNTING_DELAY }
  const stage = await openStage({ ...WITH_REDIRECTS, proxy }, forBudgets(work))
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

/** What is played in each part that is measured against others. */
export const STAGED = {
  s3: (work) => [s3(work)],
  large: (work) => [large(work)],
  direct: (work) => [direct(work)],
  latency: (work) => [latency(work)],
  files: (work) => [files(work, true)],
  many: (work) => (['file', 's3'] as const).map((store) => many(work, store)),
  memory: (work) => [memory(work)],
  'quick-files': (work) => [files(work, false)],
  'quick-s3': (work) => quickS3(work),
} satisfies Partial<Record<Section, (work: Work) => readonly Part[]>>

export type StagedSection = keyof typeof STAGED
