/**
 * Runs the same tests against every host.
 *
 * @module
 */

import { afterAll, beforeAll, describe } from 'vitest'
import { GATEWAYS } from '../../emulators/gateway/habits.ts'
import type { Host, HostWishes, StartedHost } from './host.ts'
import { startApp, startOnFiles, startOnLambda, startOnS3 } from './start.ts'

type Start = (wishes: HostWishes) => Promise<StartedHost>

/** How to start each host; the gateways cover what AWS leaves open. */
const HOSTS: readonly (Pick<Host, 'name' | 'redirects' | 'gateway'> & { readonly start: Start })[] =
  [
    { name: 'app on files', redirects: false, gateway: false, start: startApp },
    { name: 'server on files', redirects: false, gateway: false, start: startOnFiles },
    {
      name: 'server on S3',
      redirects: false,
      gateway: false,
      start: (wishes) => startOnS3(false, wishes),
    },
    {
      name: 'server on S3 with redirects',
      redirects: true,
      gateway: false,
      start: (wishes) => startOnS3(true, wishes),
    },
    ...Object.entries(GATEWAYS).map(([name, habits]) => ({
      name: `Lambda, ${name}`,
      redirects: true,
      gateway: habits,
      start: (wishes: HostWishes) => startOnLambda(habits, wishes),
    })),
  ]

/**
 * Defines a suite once for each host. Hosts run one after another, each on an empty store of its
 * own that all tests of the suite share.
 */
export const onEveryHost = (suite: (host: Host) => void, wishes: HostWishes = {}): void => {
  for (const { name, redirects, gateway, start } of HOSTS) {
    describe(name, () => {
      let started: StartedHost
      beforeAll(async () => {
        started = await start(wishes)
      })
      afterAll(() => started.stop())
      suite({ name, redirects, gateway, send: (sent) => started.send(sent) })
    })
  }
}
