/**
 * The bound of an upstream from end to end: a server that fetches, and `slipway gc --run` on its store, every other day.
 *
 * @module
 */

import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Io } from '../../functions/cli/io.ts'
import { runCommand } from '../../functions/cli/main.ts'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { openStore } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { dataKey, pulledKey, UPSTREAMS_KEY } from '../../functions/registry/layout.ts'
import { sayRecorded } from '../../functions/registry/pulls/record.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob, imageOf } from '../support/hosts/content.ts'
import { startBucket, temporaryDirectory } from '../support/hosts/start.ts'
import { type Aging, aging } from '../support/rig/aging.ts'
import { until } from '../support/until.ts'
import { serve } from './upstream.ts'

/** Milliseconds between two runs: what was condemned in one is old enough for the next. */
const BETWEEN = 50 * 60 * 60_000

const LAYERS = new Map(['a', 'b', 'c'].map((name) => [name, blob(name, 10_000)]))
const IMAGES = new Map([...LAYERS].map(([name, layer]) => [name, imageOf([layer])]))

/** An upstream with three repositories, each with an image. */
const openUpstream = () =>
  serve((request, response) => {
    const [, , name = '', kind, reference] = (request.url ?? '').split('/')
    const [image, layer] = [IMAGES.get(name), LAYERS.get(name)]
    const isManifest = kind === 'manifests' && (reference === 'v1' || reference === image?.sha256)
    const isLayer = kind === 'blobs' && reference === layer?.sha256
    const bytes = isManifest ? image?.bytes : isLayer ? layer?.bytes : undefined
    if (request.url === '/v2/') return void response.end('{}')
    if (bytes === undefined) return void response.writeHead(404).end()
    const type = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
    response.writeHead(200, { ...(isManifest ? type : {}), 'content-length': bytes.length })
    response.end(request.method === 'HEAD' ? undefined : bytes)
  })

type Place = { readonly env: Readonly<Record<string, string>>; readonly store: ObjectStore }

const onFiles = async (): Promise<Place> => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  return { env: { SLIPWAY_STORE: `file:${path}` }, store: openFileStore(path) }
}

const onS3 = async (): Promise<Place> => {
  const { server, env } = await startBucket()
  onTestFinished(server.close)
  return { env, store: await openStore(readSettings([], env), env) }
}

describe.each([
  ['files', onFiles],
  ['S3', onS3],
])('on %s', (_, open) => {
  let upstream: Awaited<ReturnType<typeof openUpstream>>
  let place: Place
  let aged: Aging

  beforeEach(async () => {
    upstream = await openUpstream()
    place = await open()
    const entry = { name: 'up', host: 'up.example', prefix: 'up', url: upstream.origin }
    const upstreams = [{ ...entry, private: ['127.0.0.1'], interval: '0m', size: '25 kB' }]
    const document = Buffer.from(JSON.stringify({ version: 1, upstreams }))
    await place.store.put(UPSTREAMS_KEY, document)
    aged = aging(place.store)
  })

  const has = async (name: string): Promise<boolean> =>
    (await place.store.head(dataKey(LAYERS.get(name)!.sha256))) !== undefined

  /** Pulls images by a server that is there as long as that takes. @returns the statuses of their blobs */
  const pull = async (...names: readonly string[]): Promise<readonly number[]> => {
    const flags = ['--auth=off', '--gc=on', '--pulls=on', '--log-level=silent', '--redirects=off']
    const { url, stop } = await startServer(
      readSettings(['--listen=127.0.0.1:0', ...flags], place.env),
      place.env,
    )
    const statuses: number[] = []
    for (const name of names) {
      const manifest = await fetch(new URL(`/v2/up/${name}/manifests/v1`, url))
      expect(manifest.status).toBe(200)
      const target = `/v2/up/${name}/blobs/${LAYERS.get(name)?.sha256}`
      const response = await fetch(new URL(target, url))
      await response.arrayBuffer()
      statuses.push(response.status)
      await until(() => has(name))
    }
    await stop()
    return statuses
  }

  /** As if these had been pulled on that day, and the server had been there all the time. */
  const used = async (...names: readonly string[]): Promise<void> => {
    await sayRecorded(aged.store, aged.clock.now)
    for (const name of names) {
      await aged.store.put(pulledKey(`up/${name}`, IMAGES.get(name)!.sha256), Buffer.of())
    }
  }

  const gc = async () => {
    const lines: string[] = []
    const io: Partial<Io> = {
      env: place.env,
      now: () => aged.clock.now,
      print: (line) => void lines.push(line),
      say: (line) => void lines.push(line),
      progress: () => ({ show: () => {}, end: () => {} }),
      user: () => 'alice@laptop',
      openStore: async () => aged.store,
      onStop: () => {},
      exit: (): never => {
        throw new Error('ended')
      },
    }
    const code = await runCommand(['gc', '--run', '--force'], io as Io)
    return { code, lines: lines.join('\n') }
  }

  test('the least recently pulled goes in time, and is fetched anew; the others need no upstream', async () => {
    expect(await pull('a', 'b', 'c')).toEqual([200, 200, 200])
    const said: string[] = []
    for (let run = 1; run <= 9; run++) {
      aged.clock.now += BETWEEN
      await used('a', 'c')
      const { code, lines } = await gc()
      expect([code, lines]).toEqual([0, expect.any(String)])
      said.push(lines)
    }
    expect(said.join('\n')).toMatch(/remove-tag\tup\/b:v1.*\n.*\(size of upstream up\)/)
    expect(said.join('\n')).not.toMatch(/remove-tag\tup\/[ac]/)
    expect([await has('a'), await has('b'), await has('c')]).toEqual([true, false, true])
    upstream.requests.splice(0)
    expect(await pull('a', 'b', 'c')).toEqual([200, 200, 200])
    expect(upstream.lines().filter((line) => line.includes('/blobs/'))).toEqual([
      `GET /v2/b/blobs/${LAYERS.get('b')?.sha256}`,
    ])
  })

  test('nothing goes where all of it was pulled since', async () => {
    await pull('a', 'b', 'c')
    for (let run = 1; run <= 3; run++) {
      aged.clock.now += BETWEEN
      await used('a', 'b', 'c')
      const { code, lines } = await gc()
      expect([code, lines]).toEqual([0, expect.not.stringMatching(/remove-tag/)])
    }
    for (const name of ['a', 'b', 'c']) expect(await has(name)).toBe(true)
  })
})
