/**
 * Pull-through beside pulls, deletes, purges, other servers that pull through, and runs of the clean-up, by rules and
 * without: what was pulled is here, nothing is readable that is not right, and nothing stays for ever that nobody needs.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../pairs.ts'
import { collector, deleteBlob, deleteManifest, inTurn, later, sweeper } from './actors.ts'
import { THIRTY_DAYS } from './by-rule.ts'
import { faultsIn } from './operations/explored.ts'
import {
  fetchByDigest,
  fetchByTag,
  fillBlob,
  pullHere,
  pullThrough,
  pullWritable,
  purge,
  pushThrough,
} from './operations/fetches.ts'
import { deleteTag } from './operations/manifests.ts'
import type { Meeting } from './scenarios.ts'
import type { StateName } from './states.ts'

/** Most orders of each; `.ci/long collector` tries more. */
const LIMIT = process.env.SLIPWAY_COLLECTOR === 'all' ? 300 : 15

const STATES: readonly StateName[] = [
  'nothing',
  'a condemned link',
  'a condemned link of condemned data',
  'condemned data',
  'claimed data',
  'data that is gone',
  'a deleted manifest',
  'a manifest that was just deleted',
  'a deleted tag',
  'an old tag',
  'a manifest that a rule condemned',
]

const RUN = inTurn(collector(), sweeper)
const FETCHES = [fillBlob, fetchByTag, fetchByDigest, pullThrough, pushThrough]

/** The actors in each state. */
const meetings = (
  states: readonly StateName[],
  pairs: readonly Meeting['actors'][],
): readonly Meeting[] => states.flatMap((state) => pairs.map((actors) => ({ state, actors })))

const KINDS = [
  [
    'beside a run',
    meetings(
      STATES,
      FETCHES.map((each) => [each, RUN]),
    ),
    {},
  ],
  [
    'beside a run that applies rules',
    meetings(
      ['an old tag', 'a manifest that a rule condemned'],
      FETCHES.map((each) => [each, RUN]),
    ),
    { rules: THIRTY_DAYS },
  ],
  [
    'beside clients',
    meetings(
      ['nothing', 'a condemned link', 'an old tag'],
      [pullHere, deleteManifest('app'), deleteTag, deleteBlob('app'), purge].map((each) => [
        pullThrough,
        each,
      ]),
    ),
    {},
  ],
  [
    'on two servers',
    meetings(
      ['nothing', 'condemned data'],
      [
        [fillBlob, fillBlob],
        [pullThrough, pullThrough],
        [pushThrough, pullWritable],
        [pullWritable, pullWritable],
        [pushThrough, pushThrough],
      ],
    ),
    {},
  ],
  [
    'before another run, beside one that sleeps',
    meetings(
      ['a condemned link', 'an old tag'],
      [[inTurn(pullThrough, later, collector('second')), collector()]],
    ),
    {},
  ],
  [
    'and dies, or the run does',
    meetings(
      ['nothing', 'condemned data', 'a condemned link'],
      [
        [pullThrough, RUN],
        [pushThrough, RUN],
      ],
    ),
    { deaths: true, limit: Math.ceil(LIMIT / 3) },
  ],
] as const

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  const service = SERVICES[name]!
  for (const [kind, all, more] of KINDS) {
    test(kind, async () => {
      const options = { service, limit: LIMIT, ...more }
      expect(await faultsIn(`${name}, pull-through ${kind}`, all, options)).toEqual([])
    }, 900_000)
  }
})
