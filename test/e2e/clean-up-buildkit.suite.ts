/**
 * Caches of BuildKit, as its own command exports and imports them, on the strict S3 before and after clean-ups.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createServerOf } from '../../functions/node/http-server.ts'
import { listen } from '../../functions/node/listen.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { DAY, openWorld, SERVICES, type World } from '../registry/clean-up/world.ts'
import { blob, type Content } from '../support/hosts/content.ts'
import { silent } from '../support/hosts/start.ts'
import { describeWith } from '../support/live/installed.ts'
import { run, scratch, toolCache } from '../support/live/process.ts'
import { aging } from '../support/rig/aging.ts'
import { plainApp } from '../support/rig/client.ts'
import { openBucket } from '../support/rig/stores.ts'
import { type Dockerd, startDocker29 } from './support/daemons.ts'

const buildctl = join(toolCache, 'docker29/buildctl')

/** What the stages copy. The first is not in the last image, but in a cache with `mode=max`. */
const PARTS = {
  one: blob('one', 300_000),
  two: blob('two', 200_000),
  three: blob('three', 100_000),
}
const DOCKERFILE = `FROM scratch AS first
COPY one /
COPY two /
FROM scratch AS last
COPY --from=first /two /
COPY three /
`
const COPIES = DOCKERFILE.split('\n').filter((line) => line.startsWith('COPY')).length

/** What is in the images of the stages. */
const TARGETS = { last: ['two', 'three'], first: ['one', 'two'] } as const

/** Forms of a cache. */
const FORMS = [
  ['an image', 'true', OCI_MANIFEST],
  ['an index of blobs', 'false', OCI_INDEX],
] as const

describeWith([buildctl], 'caches of BuildKit', () => {
  const files = scratch('buildkit-cache')
  const closers: (() => unknown)[] = [files.remove]
  let world: World
  let daemon: Dockerd
  let address: string

  /** Builds from a directory. @returns what it printed */
  const build = (context: string, ...args: string[]): Promise<string> =>
    run(
      'sh',
      [
        ...['-c', 'exec "$@" 2>&1', 'sh', buildctl, '--addr', `unix://${daemon.socket}`],
        ...['build', '--progress=plain', '--frontend=dockerfile.v0'],
        ...['--local', `context=${context}`, '--local', `dockerfile=${context}`, ...args],
      ],
      { env: { HOME: files.path } },
    )
  const contextOf = (name: string, one: Content): string => {
    const context = join(files.path, name)
    mkdirSync(context)
    writeFileSync(join(context, 'Dockerfile'), DOCKERFILE)
    for (const [part, { bytes }] of Object.entries({ ...PARTS, one })) {
      writeFileSync(join(context, part), bytes)
    }
    return context
  }
  const cacheOf = (tag: string): string => `${address}/team/cache:${tag}`
  const exportTo = (context: string, tag: string, asImage: string) =>
    build(
      context,
      ...['--export-cache', `type=registry,ref=${cacheOf(tag)},mode=max,image-manifest=${asImage}`],
    )
  /** Builds from a cache. Without an output no layer is pulled. @returns what it printed */
  const importFrom = async (context: string, tag: string, ...out: string[]): Promise<string> => {
    const cache = ['--import-cache', `type=registry,ref=${cacheOf(tag)}`]
    const printed = await build(context, ...cache, ...out)
    expect(printed, tag).toContain(`importing cache manifest from ${cacheOf(tag)}`)
    expect(printed, tag).not.toMatch(/error|fail|warn/i)
    return printed
  }
  const manifestOf = async (tag: string) => {
    const response = await fetch(`http://${address}/v2/team/cache/manifests/${tag}`, {
      headers: { Accept: `${OCI_INDEX}, ${OCI_MANIFEST}` },
    })
    expect(response.status).toBe(200)
    const text = await response.text()
    return {
      type: response.headers.get('content-type'),
      digest: response.headers.get('docker-content-digest'),
      // Not the digests of uncompressed layers, which annotations have.
      names: [...text.matchAll(/"digest": *"([^"]+)"/g)].map(([, digest = '']) => digest),
    }
  }

  beforeAll(async () => {
    const { store, close } = await openBucket()
    closers.push(close)
    const aged = aging(store)
    const none = (): never => {
      throw new Error('a real store')
    }
    world = await openWorld(SERVICES[0]![1], undefined, { ...aged, copy: none, contents: none })
    const secret = await uploadSecret(aged.store)
    const registry = createRegistry({
      store: aged.store,
      uploadSecret: async () => secret,
      now: () => aged.clock.now,
      undeletes: true,
      cleanUp: async () => true,
    })
    const settings = readSettings(['--listen=127.0.0.1:0', '--log-level=silent'], {})
    const app = plainApp(registry, { redirects: true })
    const { server } = createServerOf(app, settings, { logger: silent })
    await listen(server, settings.listen)
    closers.push(() => server.close())
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    daemon = await startDocker29(files.path, 'buildkit')
    closers.push(daemon.stop)
  }, 60_000)
  afterAll(async () => {
    for (const close of closers.toReversed()) await close()
  })

  test('what was exported is imported after runs; what was deleted comes free', async () => {
    const [context, old] = [contextOf('now', PARTS.one), contextOf('old', blob('old', 250_000))]
    for (const [, asImage, type] of FORMS) {
      await exportTo(context, `image-${asImage}`, asImage)
      await exportTo(old, `old-${asImage}`, asImage)
      expect((await manifestOf(`image-${asImage}`)).type).toBe(type)
    }
    // Younger than the grace, all of it stays.
    expect((await world.collect()).things).toEqual([])
    const needed = new Set<string>()
    const goes = new Set<string>()
    for (const [, asImage] of FORMS) {
      for (const each of (await manifestOf(`image-${asImage}`)).names) needed.add(each)
      const { digest, names } = await manifestOf(`old-${asImage}`)
      for (const each of [...names, digest ?? '']) goes.add(each)
      const path = `http://${address}/v2/team/cache/manifests/${digest}`
      expect((await fetch(path, { method: 'DELETE' })).status).toBe(202)
    }
    const unneeded = [...goes].filter((each) => !needed.has(each))
    expect(unneeded.length).toBeGreaterThan(3)
    let removed = 0
    for (let round = 0; round < 8; round++) {
      await world.pass(20 * DAY)
      const { things, notes } = await world.collect()
      expect(notes).toEqual([])
      removed += things.filter(({ step }) => step === 'remove-data').length
    }
    expect(removed).toBe(unneeded.length)
    for (const digest of unneeded) expect(await world.has(digest)).toBe(false)

    for (const [name, asImage] of FORMS) {
      // Nothing is left here.
      await run(buildctl, ['--addr', `unix://${daemon.socket}`, 'prune', '--all'])
      const tag = `image-${asImage}`
      const printed = await importFrom(context, tag)
      expect(printed.match(/^#\d+ CACHED$/gm), `${name}: ${printed}`).toHaveLength(COPIES)
      // Which takes the bytes of the layers, from the registry.
      for (const [target, parts] of Object.entries(TARGETS)) {
        const out = join(files.path, `${tag}-${target}`)
        const output = ['--output', `type=local,dest=${out}`, '--opt', `target=${target}`]
        expect(await importFrom(context, tag, ...output)).toContain('extracting sha256:')
        for (const part of parts) {
          expect(readFileSync(join(out, part)).equals(PARTS[part].bytes)).toBe(true)
        }
      }
    }
  })
})
