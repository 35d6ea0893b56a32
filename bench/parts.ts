/**
 * Parts that play on a stage, as lists of what is to be done: so that it is known before how much that is,
 * and a run that was interrupted can leave out what it has.
 *
 * @module
 */

import type { ImageMaker } from './content.ts'
import type { Peer } from './peers/peer.ts'
import { type Played, playRounds, type Scene } from './rounds.ts'
import type { Sizes } from './sizes.ts'
import { openStage, type Setting, type Stage } from './stage.ts'
import { warmUp } from './workloads/transfers.ts'

/** What a part works with. */
export interface Work {
  readonly peers: readonly Peer[]
  readonly maker: ImageMaker
  readonly sizes: Sizes
  readonly rounds: number
  /** Is told what is going on. */
  readonly tell: (line: string) => void
  /** Is told that so much of what was to be done is done: seconds, as they were expected. */
  readonly advance: (seconds: number) => void
  /** Is given what was measured, scene by scene. */
  readonly add: (played: Played) => void
  /** Whether Slipway's results of this id are there from before. */
  readonly has: (id: string) => boolean
}

/** A scene, whatever its rounds work with. */
export interface Item {
  readonly ids: readonly string[]
  readonly rounds: number | undefined
  /** Seconds of a turn, roughly. */
  readonly seconds: number
  play(stage: Stage, rounds: number, tell: (line: string) => void): Promise<Played>
}

/** @param most rounds, where more would take too long */
export const item = <Context>(scene: Scene<Context>, most?: number): Item => ({
  ids: scene.steps.map(({ id }) => id),
  rounds: most,
  seconds: scene.seconds,
  play: (stage, rounds, tell) => playRounds(stage, scene, rounds, tell),
})

/** Scenes that share a stage. */
export interface Part {
  readonly setting: Setting
  readonly peers: readonly Peer[]
  /** Servers that have just started, and were asked nothing. */
  readonly cold?: boolean
  readonly items: readonly Item[]
}

/** S3 as registries are set up for it. */
export const WITH_REDIRECTS = { store: 's3', redirects: true } as const satisfies Setting

/**
 * The registries that large layers are pushed to. distribution 2.8 takes a second for each part on this
 * S3 server, it seems for want of an answer to `Expect: 100-continue`, so that a gigabyte takes it two
 * minutes, which says nothing of it elsewhere.
 */
export const forLarge = ({ peers }: Pick<Work, 'peers'>): readonly Peer[] =>
  peers.filter(({ name }) => name !== 'distribution-2')

const roundsOf = ({ rounds }: Work, { rounds: most }: Item): number =>
  Math.min(rounds, most ?? rounds)

const secondsOf = (work: Work, part: Part, each: Item): number =>
  each.seconds * each.ids.length * roundsOf(work, each) * part.peers.length

/** What is left to do of a part. */
const leftOf = ({ has }: Work, { items }: Part): readonly Item[] =>
  items.filter(({ ids }) => !ids.every(has))

/** Seconds that what is left of a part takes, roughly. */
export const expectedSeconds = (work: Work, part: Part): number =>
  leftOf(work, part).reduce((sum, each) => sum + secondsOf(work, part, each), 0)

/** Sets a stage, plays all scenes that have no results yet, and clears it away. */
export const playPart = async (work: Work, part: Part): Promise<void> => {
  const left = leftOf(work, part)
  if (left.length === 0) return
  const stage = await openStage(part.setting, part.peers)
  try {
    if (!part.cold) await warmUp(stage, work.maker, work.sizes.warmUp)
    for (const each of left) {
      let done = 0
      const all = secondsOf(work, part, each)
      const tell = (line: string): void => {
        // More is said than there are turns where flushes are counted, and less where a registry failed.
        const seconds = Math.min(each.seconds, all - done)
        done += seconds
        work.advance(seconds)
        work.tell(line)
      }
      work.add(await each.play(stage, roundsOf(work, each), tell))
      work.advance(all - done)
    }
  } finally {
    await stage.close()
  }
}
