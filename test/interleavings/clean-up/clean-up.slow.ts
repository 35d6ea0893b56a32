/**
 * Requests beside runs of the clean-up: every request on every state, with one run, with deaths of either,
 * and with a run that sleeps for days while others come and go.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Model, Service } from '../model.ts'
import { SERVICES } from '../pairs.ts'
import { exploreCleanUp, type Outcome } from './run.ts'
import { type Meeting, PAIRS, SLEEPERS, titleOf } from './scenarios.ts'
import { factsOf, stateOf } from './states.ts'

/** Most orders of each; of those in which a run sleeps, `.ci/long collector` tries as many, too. */
const LIMIT = 300
const SLEEPING = process.env.SLIPWAY_COLLECTOR === 'all' ? LIMIT : 60

const models = new Map<string, Promise<Model>>()
const modelOf = (service: Service, meeting: Meeting): Promise<Model> => {
  const key = `${JSON.stringify(service)} ${meeting.state}`
  const model = models.get(key) ?? stateOf(service, meeting.state)
  models.set(key, model)
  return model
}

const exploreOne = async (service: Service, meeting: Meeting, deaths: boolean, limit: number) => {
  const before = await modelOf(service, meeting)
  const { actors, state } = meeting
  const scenario = { service, before, facts: factsOf(state), actors }
  const first = await exploreCleanUp(scenario, limit)
  const all: Outcome[] = [first]
  for (const [instance, writes] of deaths ? first.writes.entries() : []) {
    for (let afterWrites = 0; afterWrites < writes; afterWrites++) {
      all.push(await exploreCleanUp({ ...scenario, death: { instance, afterWrites } }, limit))
    }
  }
  return all
}

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  const service = SERVICES[name]!
  for (const [kind, meetings, deaths, limit] of [
    ['with deaths', PAIRS, true, LIMIT],
    ['while one sleeps', SLEEPERS, false, SLEEPING],
  ] as const) {
    test(kind, async () => {
      let [orders, cut] = [0, 0]
      for (const meeting of meetings) {
        for (const each of await exploreOne(service, meeting, deaths, limit)) {
          orders += each.runs
          cut += each.cut ? 1 : 0
          expect([titleOf(meeting), ...each.faults]).toEqual([titleOf(meeting)])
        }
      }
      writeSync(2, `${name}, ${kind}: ${orders} orders of ${meetings.length}, ${cut} cut\n`)
    }, 900_000)
  }
})
