/**
 * Counts of quotas beside each other: pushes, deletes, undeletes, walks, and time, with deaths of each; and that it
 * shows where a part of the protocol is missing.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { QUOTAS_PREFIX } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import type { Model, Service } from './model.ts'
import { SERVICES } from './pairs.ts'
import {
  type Actor,
  exploreQuotas,
  fetch,
  here,
  inTurn,
  later,
  push,
  remove,
  restore,
  sinceOf,
  soon,
  stateOf,
  tag,
  time,
  walk,
} from './quotas.ts'

/** Most orders of each where a part is missing; and where none is, of which `.ci/long collector` tries as many. */
const LIMIT = 100
const WHOLE = process.env.SLIPWAY_COLLECTOR === 'all' ? LIMIT : 40

const HOUR = 3_600_000

/** A push that is taken back. */
const BY_MISTAKE = inTurn(push('team/a', 'large'), remove('team/a', 'large'))

/** What meets what, on which state. */
const MEETINGS: readonly (readonly [state: keyof typeof STATES, ...actors: Actor[]])[] = [
  ['nothing', push('team/a', 'large'), push('team/b', 'small')],
  ['nothing', push('team/a', 'small'), push('team/b', 'small')],
  ['nothing', push('team/a', 'large'), push('team/a', 'large')],
  ['nothing', push('team/a', 'both'), push('team/b', 'small'), push('team/b', 'large')],
  ['nothing', push('team/a', 'large'), walk],
  ['nothing', push('team/a', 'large'), inTurn(later, walk)],
  ['nothing', push('team/a', 'large'), push('team/b', 'small'), walk],
  ['nothing', push('team/a', 'large'), inTurn(soon, walk), time(HOUR)],
  ['a small image', push('team/b', 'small'), walk],
  ['a small image', push('team/b', 'small'), remove('team/a', 'small'), walk],
  ['a small image', push('team/a', 'small'), remove('team/a', 'small'), walk],
  ['a small image', push('team/a', 'small'), inTurn(remove('team/a', 'small'), later, walk)],
  [
    'a small image',
    inTurn(remove('team/a', 'small'), walk, push('team/b', 'large')),
    push('team/a', 'small'),
  ],
  ['a small image', remove('team/a', 'small'), restore('team/a', 'small'), walk],
  ['a deleted one', restore('team/a', 'small'), walk],
  ['a deleted one', restore('team/a', 'small'), push('team/b', 'small'), walk],
  ['a deleted one', push('team/a', 'small'), push('team/b', 'small'), walk],
  ['a deleted one', push('team/a', 'small'), walk, walk],

  // Fetches count as pushes do.
  ['nothing', fetch('team/a', 'small'), walk],
  ['nothing', fetch('team/a', 'small'), push('team/b', 'small')],
  ['a small image', fetch('team/b', 'small'), remove('team/a', 'small'), walk],
  ['one since the walk', remove('team/a', 'small'), fetch('team/b', 'small'), walk],

  // Deletes take off what is noted: by the process that pushed,
  ['nothing', here(push('team/a', 'large')), here(remove('team/a', 'large'))],
  ['nothing', here(tag('team/a', 'large')), here(remove('team/a', 'large'))],
  ['nothing', here(BY_MISTAKE), here(push('team/a', 'large'))],
  ['nothing', here(BY_MISTAKE), here(tag('team/a', 'large'))],
  ['nothing', here(BY_MISTAKE), tag('team/a', 'large')],
  ['nothing', here(BY_MISTAKE), push('team/b', 'large')],
  ['nothing', here(BY_MISTAKE), here(push('team/b', 'both')), walk],
  ['nothing', here(BY_MISTAKE), walk],
  ['nothing', here(BY_MISTAKE), restore('team/a', 'large')],
  ['nothing', here(inTurn(BY_MISTAKE, push('team/a', 'large'))), remove('team/a', 'large')],
  ['a small image', here(inTurn(push('team/b', 'small'), remove('team/b', 'small'))), walk],
  ['a small image', here(inTurn(push('team/a', 'small'), remove('team/a', 'small'))), walk],
  // and by any, of what was pushed long before.
  ['one since the walk', remove('team/a', 'small'), push('team/a', 'small')],
  ['one since the walk', remove('team/a', 'small'), tag('team/a', 'small')],
  ['one since the walk', remove('team/a', 'small'), push('team/b', 'small'), walk],
  ['one since the walk', remove('team/a', 'small'), push('team/b', 'both')],
  ['one since the walk', remove('team/a', 'small'), restore('team/a', 'small')],
  ['one since the walk', remove('team/a', 'small'), remove('team/a', 'small'), walk],
  ['one since the walk', remove('team/a', 'small'), inTurn(tag('team/a', 'small'), later)],
  ['one since the walk', inTurn(remove('team/a', 'small'), later, walk), tag('team/a', 'small')],
]

const STATES = {
  nothing: (service: Service) => stateOf(service, []),
  'a small image': (service: Service) => stateOf(service, [['team/a', 'small']]),
  'a deleted one': (service: Service) => stateOf(service, [], [['team/a', 'small']]),
  'one since the walk': (service: Service) => sinceOf(service, [['team/a', 'small']]),
} as const

const titleOf = ([state, ...actors]: (typeof MEETINGS)[number]): string =>
  `${state}: ${actors.map(({ title }) => title).join(' | ')}`

const faultsOf = async (
  service: Service,
  before: Model,
  actors: readonly Actor[],
  spoil?: (store: ObjectStore) => ObjectStore,
): Promise<string[]> => {
  const options = { service, before, actors, ...(spoil ? { spoil } : {}) }
  const most = spoil === undefined ? WHOLE : LIMIT
  const whole = await exploreQuotas(options, most)
  const faults = [...whole.faults].map(([fault, trace]) => `${fault}\n${trace.join('\n')}`)
  if (spoil !== undefined) return faults
  for (const [instance, writes] of whole.writes) {
    for (let afterWrites = 1; afterWrites <= writes; afterWrites++) {
      const death = { instance, afterWrites }
      const died = await exploreQuotas({ ...options, death }, most / 8)
      faults.push(...[...died.faults].map(([fault, trace]) => `${fault}\n${trace.join('\n')}`))
    }
  }
  return faults
}

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  const service = SERVICES[name]!
  test.each(MEETINGS.map((meeting) => [titleOf(meeting), meeting] as const))(
    '%s',
    async (_, [state, ...actors]) => {
      const before = await STATES[state](service)
      expect(await faultsOf(service, before, actors)).toEqual([])
    },
    900_000,
  )
})

interface Written {
  walked?: { except: string }
  since: [string, number, number, number, number][]
  claims: [id: string, at: number, writer: string, things: number[]][]
}

/** Changes counts as they are written. */
const rewriting =
  (change: (count: Written) => void, unconditional = false) =>
  (store: ObjectStore): ObjectStore => ({
    ...store,
    async put(key, body, options = {}) {
      if (!key.startsWith(QUOTAS_PREFIX)) return store.put(key, body, options)
      const count: Written = JSON.parse(Buffer.from(body as Uint8Array).toString())
      change(count)
      const { condition: _, ...rest } = options
      const bytes = Buffer.from(JSON.stringify(count))
      return store.put(key, bytes, unconditional ? rest : options)
    },
  })

/** Raises a count only when the manifest is linked. */
const linkingFirst = (store: ObjectStore): ObjectStore => {
  const held: Parameters<ObjectStore['put']>[] = []
  return {
    ...store,
    async put(...call) {
      const [key] = call
      if (key.startsWith(QUOTAS_PREFIX)) {
        held.push(call)
        return { etag: 'held' }
      }
      const written = await store.put(...call)
      if (key.includes('/revisions/')) for (const each of held.splice(0)) await store.put(...each)
      return written
    },
  }
}

/** Parts of the protocol, and where it shows that one is missing. */
const RULES: readonly (readonly [
  rule: string,
  spoil: (store: ObjectStore) => ObjectStore,
  state: keyof typeof STATES,
  ...actors: Actor[],
])[] = [
  [
    'a push writes the count by a condition',
    rewriting(() => {}, true),
    'nothing',
    push('team/a', 'large'),
    push('team/b', 'small'),
  ],
  ['the count comes first', linkingFirst, 'nothing', push('team/a', 'large'), walk],
  [
    'what is noted stays while it may not have landed',
    rewriting((count) => {
      if (count.walked !== undefined) count.since = []
    }),
    'nothing',
    push('team/a', 'large'),
    walk,
  ],
  [
    'what is counted is noted, too, when it is relied on',
    rewriting((count) => {
      count.since = count.since.filter(([, , , , counts]) => counts === 1)
    }),
    'a small image',
    push('team/b', 'small'),
    remove('team/a', 'small'),
    walk,
  ],
  [
    'what a walk left out is known',
    rewriting(({ walked }) => {
      if (walked !== undefined) walked.except = ''
    }),
    'a deleted one',
    push('team/b', 'small'),
    walk,
  ],
  [
    'a delete leaves what another image needs',
    rewriting((count) => {
      const taken = new Set<number>()
      for (const claim of count.claims) {
        claim[3] = claim[3].filter((thing) => !taken.has(thing))
        for (const thing of claim[3]) taken.add(thing)
      }
    }),
    'nothing',
    here(BY_MISTAKE),
    push('team/b', 'large'),
  ],
  [
    'a delete leaves what was noted lately',
    rewriting((count) => {
      for (const claim of count.claims) claim[1] = 0
    }),
    'one since the walk',
    remove('team/a', 'small'),
    tag('team/a', 'small'),
  ],
]

describe('it shows that it matters', () => {
  test.each(RULES.map((each) => [each[0], each] as const))('%s', async (_, rule) => {
    const [, spoil, state, ...actors] = rule
    const service = SERVICES['as S3']!
    const before = await STATES[state](service)
    // What was written before was written rightly, but for what the last rule is about.
    expect(await faultsOf(service, before, actors, spoil)).not.toEqual([])
  })
})
