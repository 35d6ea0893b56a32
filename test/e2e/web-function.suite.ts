/**
 * Clients at the emulated endpoint of a Web Function, which is a whole registry there: layers of 4, 9 and
 * 50 MB, a deploy while they are sent, and what clients see if AWS renamed the challenge.
 *
 * @module
 */

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WEB_FUNCTIONS, type WebFunctionHabits } from '../emulators/web-function/habits.ts'
import { scratch } from '../support/live/process.ts'
import { until } from '../support/until.ts'
import { type BehindEndpoint, startBehindEndpoint } from './support/behind-endpoint.ts'
import { openBuildKit } from './support/buildkit.ts'
import type { Client, OpenClient } from './support/client.ts'
import { clients } from './support/clients.ts'
import { openChart } from './support/helm-chart.ts'
import { type ImageName, sourceImage } from './support/image.ts'
import { openPodman } from './support/library-clients.ts'

const files = scratch('web')
afterAll(() => files.remove())

const all: Readonly<Record<string, OpenClient>> = {
  ...clients,
  buildah: openPodman('buildah'),
  buildkit: openBuildKit,
}

const using = async <T>(
  name: string,
  { endpoint }: BehindEndpoint,
  size: ImageName,
  body: (client: Client) => Promise<T>,
): Promise<T> => {
  const directory = mkdtempSync(join(files.path, 'c'))
  const { address } = endpoint
  const client = await all[name]!({ address, directory, image: await sourceImage(size) })
  try {
    return await body(client)
  } finally {
    await client.close?.()
  }
}

/**
 * A covering set: each client once; those that read lengths of HEADs (docker, ctr) where they are 0. oras
 * takes the digest of a tag from a HEAD, which S3 does not send, see gateway.suite.ts.
 */
const COVERING: Readonly<Record<keyof typeof WEB_FUNCTIONS, readonly string[]>> = {
  'length kept': ['docker29', 'buildkit', 'podman', 'crane', 'oras'],
  'length zero': ['docker', 'ctr', 'buildah', 'skopeo', 'regctl'],
  'challenge renamed, length dropped': [],
}

for (const [variant, names] of Object.entries(COVERING)) {
  if (names.length === 0) continue
  describe(variant, () => {
    let behind: BehindEndpoint
    beforeAll(async () => {
      behind = await startBehindEndpoint(WEB_FUNCTIONS[variant as keyof typeof WEB_FUNCTIONS])
    }, 900_000)
    afterAll(() => behind?.close())

    test.for(names)('%s pushes 4, 9 and 50 MB, and pulls them', (name) =>
      using(name, behind, 'heavy', async (client) => {
        const session = client.as(behind.alice)
        await session.logIn?.()
        const target = `${behind.endpoint.address}/team/${name}:v1`
        const pushed = await session.push(target)
        expect(await session.pull(target)).toBe(pushed)
        const failed = behind.endpoint.passed.filter(
          ({ status }) => status >= 402 && status !== 404,
        )
        expect(failed).toEqual([])
      }),
    )

    // As oras, it reads digests from HEADs.
    test.for(variant === 'length kept' ? (['helm', 'helm42'] as const) : [])(
      '%s pushes a chart of 10 MB, and pulls it',
      async (program) => {
        const { endpoint, alice } = behind
        const home = mkdtempSync(join(files.path, 'helm'))
        const { address } = endpoint
        const what = { program, megabytes: 10, address, account: alice, below: `team/${program}` }
        const { push, pulls } = await openChart(home, what)
        await push()
        expect(await pulls()).toBe(true)
      },
    )
  })
}

/** On a bucket of its own: what is there already is not sent to S3 again. */
const alone = async <T>(
  habits: WebFunctionHabits,
  body: (behind: BehindEndpoint) => Promise<T>,
): Promise<T> => {
  const behind = await startBehindEndpoint(habits)
  return body(behind).finally(behind.close)
}

/** What becomes of a push whose environment a deploy ends: told in docs/deploy.md. */
const CUT: Readonly<Record<string, 'pushes again' | 'fails'>> = {
  docker: 'pushes again',
  crane: 'pushes again',
  regctl: 'pushes again',
  skopeo: 'fails',
}

describe('a deploy during a push', () => {
  const during = (name: string, old: 'at once' | 'after its requests') =>
    alone(WEB_FUNCTIONS['length kept'], (behind) =>
      using(name, behind, 'heavy', async (client) => {
        const { endpoint, s3, revision } = behind
        const session = client.as(behind.alice)
        await session.logIn?.()
        // What is sent now takes a while to arrive.
        s3.faults.next({ operation: 'UploadPart' }, { delay: 2_000 }, 4)
        const deploy = await endpoint.prepare(revision.start)
        const before = endpoint.passed.length
        const pushing = session.push(`${endpoint.address}/team/app:v1`)
        pushing.catch(() => {})
        await until(() => s3.counter.counts.UploadPart !== undefined)
        await deploy(old)
        s3.faults.clear()
        const outcome = await pushing.then(
          () => 'pushed' as const,
          (error: Error) => error,
        )
        return { outcome, passed: endpoint.passed.slice(before) }
      }),
    )

  for (const [name, expected] of Object.entries(CUT)) {
    test(`${name}: cut, it ${expected}`, async () => {
      const { outcome, passed } = await during(name, 'at once')
      const cut = passed.filter(({ status }) => status === 502)
      expect(cut.length).toBeGreaterThan(0)
      if (expected === 'fails') expect(String(outcome)).toMatch(/502/)
      else expect(outcome).toBe('pushed')
    })
  }

  test('none of them notices one that ends after its requests', async () => {
    const { outcome, passed } = await during('skopeo', 'after its requests')
    expect(outcome).toBe('pushed')
    expect(passed.filter(({ status }) => status >= 500)).toEqual([])
  })
})

/** Without a challenge, crane sends its credentials as they are. The others send none. */
const RENAMED: Readonly<Record<string, 'pushes' | 'fails'>> = {
  crane: 'pushes',
  skopeo: 'fails',
  oras: 'fails',
  regctl: 'fails',
}

describe('if AWS renamed the challenge', () => {
  for (const [name, expected] of Object.entries(RENAMED)) {
    test(`${name} ${expected}`, () =>
      alone(WEB_FUNCTIONS['challenge renamed, length dropped'], (behind) =>
        using(name, behind, 'small', async (client) => {
          const session = client.as(behind.alice)
          const attempt = async () => {
            await session.logIn?.()
            await session.push(`${behind.endpoint.address}/team/${name}:v1`)
            return 'pushes'
          }
          expect(await attempt().catch(() => 'fails')).toBe(expected)
          expect(behind.endpoint.passed.map(({ status }) => status)).toContain(401)
        }),
      ))
  }
})
