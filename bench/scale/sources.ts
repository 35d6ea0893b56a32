/**
 * What the simulation takes from real code: recorded requests, and times that the benchmark measured.
 *
 * @module
 */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { billedMilliseconds } from '../costs.ts'
import { type Invoked, readResults } from '../results.ts'
import { recordRequests } from './recorded.ts'
import type { Sources } from './scenario.ts'

const RESULTS = join(import.meta.dirname, '../results')

/** What requests took in a Lambda function, in the newest results that have it. */
const latestInvoked = (): readonly Invoked[] => {
  const names = readdirSync(RESULTS).filter((name) => name.endsWith('.json'))
  for (const name of names.toSorted().toReversed()) {
    const { invoked = [] } = readResults(join(RESULTS, name))
    if (invoked.length > 0) return invoked
  }
  throw new Error(`no results in ${RESULTS} say what requests take: npm run bench -- --only lambda`)
}

/** Records the requests, and reads the times. */
export const openSources = async (): Promise<Sources> => {
  const recorded = await recordRequests()
  const invoked = latestInvoked()
  const median = (request: string, start: Invoked['start']): number => {
    const found = invoked.find((each) => each.request === request && each.start === start)
    if (found === undefined) throw new Error(`${request} was not measured`)
    return found.milliseconds.median
  }
  const head = recorded['HEAD blob that is not there']?.flat() ?? []
  const dataKey = head.find(({ key }) => key.endsWith('/data'))?.key
  if (dataKey === undefined) throw new Error('a HEAD of a blob did not look at its data')
  return {
    recorded,
    dataKey,
    own: (request) => billedMilliseconds(median(request, 'warm'), 0),
    coldStart: billedMilliseconds(median('GET /v2/', 'cold'), 0),
  }
}
