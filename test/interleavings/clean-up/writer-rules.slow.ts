/**
 * Each rule of those who write links is needed: the explorer finds what happens without it, and nothing with
 * all of them.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../pairs.ts'
import { FURTHER_RULES } from './further-rules.ts'
import { exploreCleanUp } from './run.ts'
import { titleOf } from './scenarios.ts'
import { factsOf, stateOf } from './states.ts'
import { WRITER_RULES } from './writer-rules.ts'

/** Most orders of a meeting. */
const LIMIT = 1_000

describe.each([...WRITER_RULES, ...FURTHER_RULES])(
  '$title',
  ({ title, spoil, meetings, shows, versions, losesDeletes }) => {
    const service = SERVICES[versions ? 'with versions, or files' : 'as S3']!
    test.each(meetings.map((meeting) => [titleOf(meeting), meeting] as const))(
      '%s',
      async (_, { state, actors }) => {
        const scenario = {
          service,
          before: await stateOf(service, state),
          facts: factsOf(state),
          actors,
          losesDeletes,
        }
        const broken = await exploreCleanUp({ ...scenario, writers: spoil }, LIMIT)
        expect([...broken.faults.keys()].join('\n')).toMatch(shows)
        const whole = await exploreCleanUp(scenario, LIMIT)
        expect([...whole.faults]).toEqual([])
        const [, trace] = [...broken.faults].find(([why]) => shows.test(why))!
        const cut = whole.cut ? ', cut' : ''
        writeSync(
          2,
          `${title}: found in ${trace.length} steps; ${whole.runs} orders with it${cut}\n`,
        )
      },
    )
  },
)
