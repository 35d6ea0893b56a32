/**
 * Runs the same tests against every host.
 *
 * @module
 */

import { afterAll, beforeAll, describe, inject } from 'vitest'
import { GATEWAYS } from '../../emulators/gateway/habits.ts'
import { WEB_FUNCTIONS } from '../../emulators/web-function/habits.ts'
import { type EdgeHabits, startOnEdge } from './edge.ts'
import type { Host, HostWishes, StartedHost } from './host.ts'
import { startApp, startOnFiles, startOnLambda, startOnS3, startOnWebFunction } from './start.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether a project runs suites on the usual hosts, or on the others. */
    readonly hosts: 'usual' | 'other'
  }
}

/** The gateway that the unit tests use; the project `hosts` has the others. */
const USUAL_GATEWAY: keyof typeof GATEWAYS = 'path decoded, length counted, challenge renamed'

/** With the two ways to set the registry up. To these tables the third is like the second. */
const WEB_FUNCTIONS_HERE = ['length kept', 'length zero'] as const

/** What changes most behind it; test/e2e/edge.suite.ts has the others, and blobs at the edge. */
const EDGE_HERE: EdgeHabits = {
  gateway: GATEWAYS['length zero, challenge renamed'],
  web: WEB_FUNCTIONS['length zero'],
}

type Start = (wishes: HostWishes) => Promise<StartedHost>

interface Startable extends Pick<Host, 'name' | 'redirects' | 'gateway' | 'edge'> {
  readonly start: Start
  /** Whether it is only in the project `hosts`. */
  readonly apart?: boolean
}

/** How to start each host; the gateways cover what AWS leaves open. */
const HOSTS: readonly Startable[] = [
  { name: 'app on files', redirects: false, gateway: false, start: startApp },
  { name: 'server on files', redirects: false, gateway: false, start: startOnFiles },
  {
    name: 'server on S3',
    redirects: false,
    gateway: false,
    apart: true,
    start: (wishes) => startOnS3(false, wishes),
  },
  {
    name: 'server on S3 with redirects',
    redirects: true,
    gateway: false,
    apart: true,
    start: (wishes) => startOnS3(true, wishes),
  },
  ...Object.entries(GATEWAYS).map(([name, habits]) => ({
    name: `Lambda, ${name}`,
    redirects: true,
    gateway: habits,
    apart: name !== USUAL_GATEWAY,
    start: (wishes: HostWishes) => startOnLambda(habits, wishes),
  })),
  ...WEB_FUNCTIONS_HERE.map((name) => ({
    name: `Web Function, ${name}`,
    redirects: true,
    gateway: false as const,
    apart: true,
    start: (wishes: HostWishes) => startOnWebFunction(WEB_FUNCTIONS[name], wishes),
  })),
  {
    name: 'edge, lengths lost',
    redirects: true,
    gateway: EDGE_HERE.gateway,
    edge: true,
    apart: true,
    start: (wishes) => startOnEdge(EDGE_HERE, wishes),
  },
]

/**
 * Defines a suite once for each host of the project. Hosts run one after another, each on an empty store of its
 * own that all tests of the suite share.
 */
export const onEveryHost = (suite: (host: Host) => void, wishes: HostWishes = {}): void => {
  const wanted = inject('hosts') === 'other'
  for (const { name, redirects, gateway, edge = false, start } of HOSTS.filter(
    ({ apart = false }) => apart === wanted,
  )) {
    describe(name, () => {
      let started: StartedHost
      beforeAll(async () => {
        started = await start(wishes)
      })
      afterAll(() => started.stop())
      suite({ name, redirects, gateway, edge, send: (sent) => started.send(sent) })
    })
  }
}
