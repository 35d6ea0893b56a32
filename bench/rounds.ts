/**
 * Rounds: each step of a scene is run against every registry in turn, again and again, so that what
 * changes on the machine meanwhile meets all of them alike.
 *
 * @module
 */

import type { PeerName } from './peers/peer.ts'
import { measureUsage, processesOf } from './process-usage.ts'
import type { Failure, Flushed, Measured, Values } from './results.ts'
import type { Actor, Stage } from './stage.ts'
import { pairedRatio, summarize } from './statistics.ts'
import { countFlushes, hasStrace } from './strace.ts'

/** One thing to measure. */
export interface Step<Context> {
  /** Unique among all results. */
  readonly id: string
  /** Does the work and gives what was measured; the time in `seconds` is measured by the caller. */
  run(actor: Actor, context: Context): Promise<Values | undefined>
  /** Does what must not be measured, in the first round only, after `run`. */
  check?(actor: Actor, context: Context): Promise<void>
  /** Whether flushes are counted, in one more round, which is not timed. */
  readonly flushes?: boolean
}

/** Things to measure, one after the other, that share what they work with. */
export interface Scene<Context> {
  /** Makes what a round works with. */
  prepare(stage: Stage): Promise<Context> | Context
  /** Seconds that a turn takes, roughly: progress goes by it. */
  readonly seconds: number
  readonly steps: readonly Step<Context>[]
  /**
   * When large blobs are deleted: after each round unless told otherwise; always, after each registry's
   * turn, where the disk has no room for more; never before the end, where rounds share them.
   */
  readonly sweep?: 'always' | 'never'
}

/** Runs a step once and measures what the server used for it. */
const measure = async <Context>(
  step: Step<Context>,
  actor: Actor,
  context: Context,
): Promise<Values> => {
  const used = measureUsage(...processesOf(actor.pid()))
  const begin = performance.now()
  const values = await step.run(actor, context)
  const seconds = (performance.now() - begin) / 1000
  return { seconds, ...used(), ...values }
}

/** The actors in another order each round: who goes first finds the machine different. */
const inTurn = (actors: readonly Actor[], round: number): readonly Actor[] =>
  actors.map((_, at) => actors[(at + round) % actors.length]!)

type Samples = Map<PeerName, Values[]>

/** Sums up all rounds of a step. */
const measuredOf = (id: string, samples: Samples): Measured[] => {
  const column = (peer: PeerName, metric: string): number[] =>
    (samples.get(peer) ?? []).map((values) => values[metric]!)
  return [...samples].map(([peer, all]) => {
    const metrics = Object.keys(all[0] ?? {})
    const ratioOf = (metric: string) => pairedRatio(column('slipway', metric), column(peer, metric))
    const compared = peer === 'slipway' || !samples.has('slipway') ? [] : metrics
    return {
      id,
      peer,
      values: Object.fromEntries(
        metrics.map((metric) => [metric, summarize(column(peer, metric))]),
      ),
      ratios: Object.fromEntries(compared.map((metric) => [metric, ratioOf(metric)])),
    }
  })
}

/** What came of a scene. */
export interface Played {
  readonly measured: readonly Measured[]
  readonly failures: readonly Failure[]
  readonly flushed: readonly Flushed[]
}

/**
 * Plays a round in which nothing is timed, and strace counts the flushes of steps that want it. Where a
 * registry fails, or strace does, there is no number.
 */
const flushRound = async <Context>(
  stage: Stage,
  scene: Scene<Context>,
  tell: (line: string) => void,
): Promise<Flushed[]> => {
  if (!scene.steps.some(({ flushes }) => flushes)) return []
  if (!(await hasStrace())) {
    tell('strace is not installed: flushes are not counted')
    return []
  }
  const flushed: Flushed[] = []
  const context = await scene.prepare(stage)
  for (const step of scene.steps.filter((each) => each.flushes)) {
    for (const actor of stage.actors) {
      const { name } = actor.peer
      try {
        const flushes = await countFlushes(processesOf(actor.pid()), () => step.run(actor, context))
        flushed.push({ id: step.id, peer: name, flushes })
        tell(`${step.id} ${name}: ${flushes} flushes`)
      } catch (error) {
        tell(`${step.id} ${name}: flushes were not counted: ${error}`)
      }
    }
  }
  stage.sweep()
  return flushed
}

/**
 * Plays a scene. A registry that fails takes no further part in that step; Slipway must not fail.
 *
 * @param tell is told what is going on
 * @returns what was measured, for each step and registry
 * @throws what Slipway failed with
 */
export const playRounds = async <Context>(
  stage: Stage,
  scene: Scene<Context>,
  rounds: number,
  tell: (line: string) => void,
): Promise<Played> => {
  const results = new Map<string, Samples>()
  const failures: Failure[] = []

  const play = async (step: Step<Context>, actor: Actor, context: Context, round: number) => {
    const { name } = actor.peer
    const samples: Samples = results.get(step.id) ?? new Map()
    results.set(step.id, samples)
    if (failures.some(({ id, peer }) => id === step.id && peer === name)) return
    try {
      const values = await measure(step, actor, context)
      if (round === 0) await step.check?.(actor, context)
      samples.set(name, [...(samples.get(name) ?? []), values])
      tell(`${step.id} ${name} ${round + 1}/${rounds}: ${describe(values)}`)
    } catch (error) {
      if (name === 'slipway') throw error
      samples.delete(name)
      failures.push({ id: step.id, peer: name, why: String(error) })
      tell(`${step.id} ${name} ${round + 1}/${rounds}: ${error}`)
    }
  }

  for (let round = 0; round < rounds; round++) {
    const context = await scene.prepare(stage)
    for (const step of scene.steps) {
      for (const actor of inTurn(stage.actors, round)) {
        await play(step, actor, context, round)
        if (scene.sweep === 'always') stage.sweep()
      }
    }
    if (scene.sweep !== 'never') stage.sweep()
  }
  if (scene.sweep === 'never') stage.sweep()
  const flushed = await flushRound(stage, scene, tell)
  const measured = [...results].flatMap(([id, samples]) => measuredOf(id, samples))
  return { measured, failures, flushed }
}

const MEGABYTE = 1e6

const describe = ({ seconds = 0, cpuSeconds = 0, peakBytes = 0, ...values }: Values): string => {
  const rate = values.requestsPerSecond
  const speed = rate === undefined ? `${seconds.toFixed(2)} s` : `${rate.toFixed(0)} requests/s`
  return `${speed}, CPU ${cpuSeconds.toFixed(2)} s, peak ${(peakBytes / MEGABYTE).toFixed(0)} MB`
}
