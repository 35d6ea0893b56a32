/**
 * Large images at the emulated endpoint of a Web Function: 100 layers, and, with SLIPWAY_PAIRS=all (`.ci/long
 * clients`), a layer of 1 GB, also during a deploy. Clients that send the layer to the function, and
 * `slipway push`, which sends it to the store.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { createReadStream, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WEB_FUNCTIONS } from '../emulators/web-function/habits.ts'
import { projectRoot, run, scratch } from '../support/live/process.ts'
import { until } from '../support/until.ts'
import { type BehindEndpoint, startBehindEndpoint } from './support/behind-endpoint.ts'
import { writeLargeLayout } from './support/large-layout.ts'

const files = scratch('web-large')
afterAll(() => files.remove())

/** Environment in which clients are logged in as alice. */
const loggedIn = ({ endpoint, alice }: BehindEndpoint): Record<string, string> => {
  const home = mkdtempSync(join(files.path, 'home-'))
  const auth = btoa(`${alice.name}:${alice.password}`)
  writeFileSync(
    join(home, 'config.json'),
    JSON.stringify({ auths: { [endpoint.address]: { auth } } }),
  )
  return { HOME: home, DOCKER_CONFIG: home, XDG_CACHE_HOME: home }
}

/** How clients push a layout. */
const PUSH: Readonly<
  Record<string, (behind: BehindEndpoint, layout: string, to: string) => Promise<string>>
> = {
  crane: (behind, layout, to) => run('crane', ['push', layout, to], { env: loggedIn(behind) }),
  skopeo: (behind, layout, to) => {
    const { name, password } = behind.alice
    const options = ['--insecure-policy', 'copy', '--dest-tls-verify=false', '--preserve-digests']
    const creds = ['--dest-creds', `${name}:${password}`]
    return run('skopeo', [...options, ...creds, `oci:${layout}`, `docker://${to}`])
  },
  'slipway push': (behind, layout, to) =>
    run(process.execPath, ['functions/handlers/cli.ts', 'push', '--json', layout, to], {
      cwd: projectRoot,
      env: loggedIn(behind),
    }),
}

/** Pulls an image, and looks whether each layer has the bytes that its digest says. */
const expectLayers = async (
  behind: BehindEndpoint,
  from: string,
  layers: readonly string[],
): Promise<void> => {
  const pulled = join(mkdtempSync(join(files.path, 'pulled-')), 'oci')
  await run('crane', ['pull', '--format=oci', from, pulled], { env: loggedIn(behind) })
  for (const layer of layers) {
    const hash = createHash('sha256')
    const path = join(pulled, 'blobs', layer.replace(':', '/'))
    for await (const chunk of createReadStream(path)) hash.update(chunk)
    expect(`sha256:${hash.digest('hex')}`).toBe(layer)
  }
}

const alone = async <T>(body: (behind: BehindEndpoint) => Promise<T>): Promise<T> => {
  const behind = await startBehindEndpoint(WEB_FUNCTIONS['length kept'])
  return body(behind).finally(behind.close)
}

describe('100 layers', () => {
  const layout = join(files.path, '100')
  let layers: readonly string[]
  beforeAll(async () => {
    layers = await writeLargeLayout(layout, 1, 100)
  })

  test.each(Object.entries(PUSH))('by %s', (_, push) =>
    alone(async (behind) => {
      const to = `${behind.endpoint.address}/team/many:v1`
      await push(behind, layout, to)
      await expectLayers(behind, to, layers)
      const failed = behind.endpoint.passed.filter(({ status }) => status >= 402 && status !== 404)
      expect(failed).toEqual([])
      expect(behind.revision.output()).not.toMatch(/"level":"(?:warn|error)"/)
    }),
  )
})

describe.runIf(process.env.SLIPWAY_PAIRS === 'all')('a layer of 1 GB', () => {
  const layout = join(files.path, 'large')
  let layers: readonly string[]
  beforeAll(async () => {
    layers = await writeLargeLayout(layout, 1000)
  })

  test('is pushed and pulled by crane', () =>
    alone(async (behind) => {
      const to = `${behind.endpoint.address}/team/large:v1`
      await PUSH.crane!(behind, layout, to)
      await expectLayers(behind, to, layers)
      expect(behind.revision.output()).not.toMatch(/"level":"(?:warn|error)"/)
    }))

  /** What becomes of a push whose environment a deploy ends at once: told in docs/deploy.md. */
  test.each([
    ['crane', 'UploadPart', 20, 'pushes'],
    ['skopeo', 'UploadPart', 20, 'fails'],
    ['slipway push', 'UploadPart', 20, 'pushes'],
    // While the registry reads it back.
    ['slipway push', 'GetObject', 8, 'pushes'],
  ] as const)('%s, cut after %s, %d times: it %s', (name, operation, count, expected) =>
    alone(async (behind) => {
      const { endpoint, s3, revision } = behind
      const deploy = await endpoint.prepare(revision.start)
      const before = s3.counter.counts[operation] ?? 0
      const to = `${endpoint.address}/team/large:v1`
      const pushing = PUSH[name]!(behind, layout, to)
      pushing.catch(() => {})
      await until(() => (s3.counter.counts[operation] ?? 0) - before >= count)
      await deploy('at once')
      const outcome = await pushing.then(
        () => 'pushes',
        (error: Error) => String(error),
      )
      if (expected === 'fails') expect(outcome).toMatch(/502/)
      else {
        expect(outcome).toBe('pushes')
        await expectLayers(behind, to, layers)
      }
    }),
  )
})
