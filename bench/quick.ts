/**
 * The parts of a quick run: no more than the rows that there are goals for.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { forLarge, item, type Part, WITH_REDIRECTS, type Work } from './parts.ts'
import type { Scene } from './rounds.ts'
import { REQUEST_KINDS, requestScene } from './workloads/requests.ts'
import { pullScene, type Subject, transferScene } from './workloads/transfers.ts'

/** Seconds after a start at which a server is taken to be at rest. */
const REST = 2

/** Servers that have started and are asked nothing. */
const restScene: Scene<undefined> = {
  prepare: () => undefined,
  seconds: REST,
  steps: [
    {
      id: 's3/rest',
      async run() {
        await sleep(REST * 1000)
        return undefined
      },
    },
  ],
}

/** On S3: servers at rest, then the rows. */
export const quickS3 = (work: Work): readonly Part[] => {
  const { maker, sizes } = work
  const [large, medium, small] = sizes.subjects
  const twice = { style: 'docker', pull: false, again: true } as const
  const again = (subject: Subject) => item(transferScene('s3', maker, subject, twice))
  const heads = REQUEST_KINDS.filter(({ id }) => id === 'blob-head')
  const peers = forLarge(work)
  return [
    { setting: WITH_REDIRECTS, peers, cold: true, items: [item(restScene, 1)] },
    {
      setting: WITH_REDIRECTS,
      peers,
      items: [
        item(requestScene('s3', maker, sizes.loadSeconds, heads)),
        item(pullScene('s3', maker, small)),
        ...[medium, sizes.latency, large].map(again),
      ],
    },
  ]
}
