/**
 * Explores meetings, and says what was found of them.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import type { Retention } from '../../../../functions/registry/retention/retention.ts'
import type { Model, Service } from '../../model.ts'
import { exploreCleanUp, type Outcome, type Scenario } from '../run.ts'
import { type Meeting, titleOf } from '../scenarios.ts'
import { factsOf, type StateName, stateOf } from '../states.ts'

const models = new Map<string, Promise<Model>>()

/** A store in a state, made once. */
export const modelOf = (service: Service, state: StateName): Promise<Model> => {
  const key = `${JSON.stringify(service)} ${state}`
  const model = models.get(key) ?? stateOf(service, state)
  models.set(key, model)
  return model
}

export interface ExploreOptions {
  readonly service: Service
  /** Most orders of each, and of each death. */
  readonly limit: number
  /** Whether each actor dies after each of its writes. */
  readonly deaths?: boolean
  readonly rules?: Retention
  /** Further parts of the scenario. */
  readonly more?: Pick<Scenario, 'page' | 'conflicts' | 'losesDeletes'>
}

/** Explores one meeting. */
export const exploreMeeting = async (
  { state, actors }: Meeting,
  { service, limit, deaths = false, rules, more }: ExploreOptions,
): Promise<readonly Outcome[]> => {
  const before = await modelOf(service, state)
  const scenario = { service, before, facts: factsOf(state), actors, rules, ...more }
  const first = await exploreCleanUp(scenario, limit)
  const all: Outcome[] = [first]
  for (const [instance, writes] of deaths ? first.writes.entries() : []) {
    for (let afterWrites = 0; afterWrites < writes; afterWrites++) {
      all.push(await exploreCleanUp({ ...scenario, death: { instance, afterWrites } }, limit))
    }
  }
  return all
}

/** Explores meetings, and prints how many orders there were. @returns what was wrong, with its order */
export const faultsIn = async (
  title: string,
  meetings: readonly Meeting[],
  options: ExploreOptions,
): Promise<string[]> => {
  let [orders, cut] = [0, 0]
  const faults: string[] = []
  for (const meeting of meetings) {
    for (const each of await exploreMeeting(meeting, options)) {
      orders += each.runs
      cut += each.cut ? 1 : 0
      for (const [why, trace] of each.faults) {
        faults.push([titleOf(meeting), why, ...trace].join('\n'))
      }
    }
  }
  // Not by the console, which shows only what failing tests print.
  writeSync(2, `${title}: ${orders} orders of ${meetings.length}, ${cut} cut\n`)
  return faults
}
