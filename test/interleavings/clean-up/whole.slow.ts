/**
 * What was acknowledged after the delete of a whole repository stays, whoever goes on with the delete, and dies: pushes
 * of the same once more, too, and what an undelete has brought back.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { OCI_INDEX } from '../../../functions/registry/media-types.ts'
import { SERVICES } from '../pairs.ts'
import { collector, IMAGE, inTurn, pushManifest } from './actors.ts'
import { wholeRun } from './operations/administration.ts'
import { faultsIn } from './operations/explored.ts'
import { LIST, put } from './operations/manifests.ts'
import { deleteAll, finishing, noteWhole, undoWhole } from './operations/whole.ts'
import type { Actor } from './run.ts'
import type { StateName } from './states.ts'

const ALL = process.env.SLIPWAY_COLLECTOR === 'all'
const HOUR = 3_600_000

const STATES: readonly StateName[] = ['an old tag', 'an image and what refers to it']

const pushList = inTurn(
  pushManifest('app'),
  put({ title: 'push of an index', to: 'list', content: LIST, type: OCI_INDEX, relied: [IMAGE] }),
)

/** After the delete was acknowledged. */
const AFTER: readonly Actor[] = [
  pushManifest('app'),
  pushManifest('app', 'v1'),
  pushList,
  undoWhole(),
  inTurn(undoWhole(), pushManifest('app', 'v1')),
  inTurn(pushManifest('app', 'v1'), noteWhole, pushManifest('app')),
]

/** Beside it. */
const BESIDE: readonly (readonly Actor[])[] = [
  [finishing()],
  [finishing(), finishing('the same on another server')],
  [inTurn(finishing(), collector())],
  [wholeRun],
]

const BEGUN: readonly Actor[] = [
  ...AFTER.map((actor) => inTurn(noteWhole, actor)),
  ...AFTER.slice(0, 4).map((actor) => inTurn(deleteAll, actor)),
]

const MEETINGS = STATES.flatMap((state) =>
  BEGUN.flatMap((actor) => BESIDE.map((others) => ({ state, actors: [actor, ...others] }))),
)

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  const service = SERVICES[name]!
  test(
    'beside a delete of the repository',
    async () => {
      const options = { service, limit: ALL ? 300 : 5 }
      expect(await faultsIn(`${name}, a whole repository`, MEETINGS, options)).toEqual([])
    },
    HOUR,
  )
  test(
    'beside a delete of the repository, and one dies',
    async () => {
      const options = { service, limit: ALL ? 12 : 1, deaths: true }
      const meetings = ALL ? MEETINGS : MEETINGS.filter(({ actors }) => actors.length === 2)
      expect(await faultsIn(`${name}, a whole repository and deaths`, meetings, options)).toEqual(
        [],
      )
    },
    HOUR,
  )
})
