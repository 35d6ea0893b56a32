/**
 * Runs the same tests against every host.
 *
 * @module
 */

import { afterAll, beforeAll, describe, inject } from 'vitest'
import { GATEWAYS } from '../../emulators/gateway/habits.ts'
import type { Host, HostWishes, StartedHost } from './host.ts'
import { startApp, startOnFiles, startOnLambda, startOnS3 } from './start.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether a project runs suites on every host but the other gateways, or on those alone. */
    readonly hosts: 'usual' | 'gateways'
  }
}

/** The gateway that the unit tests use; the project `gateways` has the others. */
const USUAL_GATEWAY: keyof typeof GATEWAYS = 'path decoded, length counted, challenge renamed'

type Start = (wishes: HostWishes) => Promise<StartedHost>

interface Startable extends Pick<Host, 'name' | 'redirects' | 'gateway'> {
  readonly start: Start
}

/** How to start each host; the gateways cover what AWS leaves open. */
const HOSTS: readonly Startable[] = [
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

const isUsual = ({ gateway }: Startable): boolean =>
  gateway === false || gateway === GATEWAYS[USUAL_GATEWAY]

/**
 * Defines a suite once for each host of the project. Hosts run one after another, each on an empty store of its
 * own that all tests of the suite share.
 */
export const onEveryHost = (suite: (host: Host) => void, wishes: HostWishes = {}): void => {
  const usual = inject('hosts') === 'usual'
  for (const { name, redirects, gateway, start } of HOSTS.filter(
    (each) => isUsual(each) === usual,
  )) {
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
