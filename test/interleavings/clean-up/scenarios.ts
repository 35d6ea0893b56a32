/**
 * Which requests meet which clean-ups, on which states.
 *
 * @module
 */
import {
  collector,
  deleteBlob,
  deleteManifest,
  inTurn,
  later,
  mount,
  pull,
  pushManifest,
  session,
  upload,
  uploadInChunks,
} from './actors.ts'
import type { Actor } from './run.ts'
import type { StateName } from './states.ts'

/** Requests beside which clean-ups run. */
export const REQUESTS: readonly Actor[] = [
  upload('app'),
  upload('other'),
  uploadInChunks('app'),
  mount('other', 'app'),
  mount('other', undefined),
  pushManifest('app'),
  pushManifest('app', 'v1'),
  session('app'),
  session('other', 'v1'),
  pull('app'),
  deleteBlob('app'),
  deleteManifest('app'),
]

/** Several at once. */
export interface Meeting {
  readonly state: StateName
  readonly actors: readonly Actor[]
}

/** All states that matter beside every request. */
const ALL: readonly StateName[] = [
  'a link that nothing needs',
  'a condemned link',
  'a condemned link of condemned data',
  'a link of condemned data',
  'data without links',
  'condemned data',
  'rescued data without links',
  'claimed data',
  'data that is gone',
  'nothing',
  'a deleted manifest',
  'a deleted manifest that a tag says',
]

/** One run beside one request. */
export const PAIRS: readonly Meeting[] = ALL.flatMap((state) =>
  REQUESTS.map((request) => ({ state, actors: [request, collector()] })),
)

/** A run that sleeps for days beside a request and further runs. */
export const SLEEPERS: readonly Meeting[] = ALL.flatMap((state) =>
  REQUESTS.map((request) => ({
    state,
    actors: [inTurn(request, later, collector('second')), collector()],
  })),
)

export const titleOf = ({ state, actors }: Meeting): string =>
  `${state}: ${actors.map(({ title }) => title).join(' | ')}`
