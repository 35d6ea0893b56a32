/**
 * What the edge keeps of public repositories, and who gets it: the synthesized distribution before the function
 * behind its gateway, on one bucket.
 *
 * @module
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runCommand } from '../../functions/cli/main.ts'
import { processIo } from '../../functions/cli/process-io.ts'
import { openStore } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createHandler } from '../../functions/handlers/api.ts'
import { type Invoke, lambdaOf } from '../emulators/gateway/function.ts'
import { GATEWAYS, settingsFor } from '../emulators/gateway/habits.ts'
import { type GatewayServer, startGateway } from '../emulators/gateway/server.ts'
import { CONFIG, contentOf, imageOf } from '../support/hosts/content.ts'
import { startDistribution } from '../support/hosts/edge.ts'
import { startBucket } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { requestLine } from '../support/rig/client.ts'
import { basic, fill, policyText, writeDocuments } from './rig.ts'

const PLACE = {
  keyValueStore: 'arn:aws:cloudfront::123456789012:key-value-store/a1b2',
  distribution: 'E2QWRUHAPOMQZL',
}
const IN_DISTRIBUTION = `--edge-list ${PLACE.keyValueStore} --distribution ${PLACE.distribution}`
const CONTEXT = { blobs: 'cloudfront', edgeCache: 'public', webFunction: 'off' }
const TAG_AGE = 60
/** HEADs of manifests are redirected, too. */
const HABITS = GATEWAYS['length zero, challenge renamed']

const everyone = (...repositories: string[]) => ({
  who: ['anonymous'],
  repositories,
  actions: ['pull'],
})
const ALICE = { who: ['user:alice'], repositories: ['**'], actions: ['*'] }

const MANIFEST = imageOf().sha256
/** Reads of an image: of its tag, of its manifest and of a blob by digest. */
const readsOf = (name: string) => [
  `/v2/${name}/manifests/v1`,
  `/v2/${name}/manifests/${MANIFEST}`,
  `/v2/${name}/blobs/${CONFIG.sha256}`,
]
const REPOSITORIES = ['pub/app', 'private/app', 'deep/a/b', 'other/app']

describe('answers that the edge keeps', () => {
  let gateway: GatewayServer
  let scene: Awaited<ReturnType<typeof open>>
  /** Milliseconds that the edge is ahead. */
  let later = 0
  let instance: Invoke
  /** What an instance with an older policy does after 20 s. */
  let restart: () => void
  const ends: (() => Promise<unknown>)[] = []

  const open = async () => {
    const { server, env: bucket } = await startBucket()
    const env = {
      ...bucket,
      SLIPWAY_AUTH: 'basic',
      SLIPWAY_S3_ENDPOINT: server.endpoint.replace('127.0.0.1', 'localhost'),
    }
    const store = await openStore(readSettings([], env), env)
    const policy = [ALICE, everyone('pub/**')]
    await writeDocuments(store, { users: { alice: 'right horse' }, policy }, Date.now())
    await fill(store, REPOSITORIES)
    const list = new Map<string, string>()
    /** Any key-value store of the template. */
    const keyValues = new Proxy({}, { get: () => list })
    const { edge, origins, settings } = await startDistribution(server, env, {
      context: CONTEXT,
      keyValues,
      now: () => Date.now() + later,
    })
    const own = {
      ...env,
      ...settings,
      SLIPWAY_BLOBS: 'cloudfront',
      SLIPWAY_EDGE_CACHE: `${TAG_AGE}s`,
    }
    const start = () => lambdaOf(createHandler({ ...own, ...settingsFor(HABITS) }))
    restart = () => {
      instance = start()
    }
    restart()
    gateway = await startGateway({
      habits: HABITS,
      open: () => (event) => instance(event),
    })
    origins.api = { url: gateway.url }
    const agent = createAgent()
    ends.push(
      async () => agent.destroy(),
      () => edge.stop(),
      () => gateway.stop(),
      () => server.close(),
    )
    const io = {
      ...processIo({}),
      say: () => {},
      openStore: async () => store,
      openEdgeCache: async () => ({
        list: async () => new Map(list),
        change: async (remove: readonly string[], add: ReadonlyMap<string, string>) => {
          for (const key of remove) list.delete(key)
          for (const [key, value] of add) list.set(key, value)
        },
        invalidate: async (paths: readonly string[]) => edge.cache.invalidate(paths),
      }),
      sleep: async () => restart(),
    }
    return {
      edge,
      list,
      /** Runs a command. */
      give: (line: string) => runCommand(line.split(' '), io),
      setPolicy: async (...rules: object[]) => {
        const readFile = async () => policyText(rules as never)
        await runCommand(['policy', 'set', 'file'], { ...io, readFile })
      },
      send: (request: string, as?: string, headers: Record<string, string> = {}) =>
        sendOver(agent, edge.url, {
          ...requestLine(request),
          headers: { ...headers, ...(as === undefined ? {} : { Authorization: as }) },
        }),
      /** Where requests since the last call were answered. */
      answeredBy: (() => {
        let seen = 0
        return () => {
          const since = edge.passed.slice(seen).map(({ by }) => by)
          seen = edge.passed.length
          return since
        }
      })(),
    }
  }
  const pass = (milliseconds: number) => {
    later += milliseconds
  }

  beforeAll(async () => {
    scene = await open()
  })
  afterAll(async () => {
    for (const end of ends) await end()
  })
  beforeEach(async () => {
    later = 0
    scene.list.clear()
    await scene.setPolicy(ALICE, everyone('pub/**'))
    restart()
    await scene.give(`policy publish ${IN_DISTRIBUTION}`)
    scene.edge.cache.invalidate(['/*'])
    scene.answeredBy()
  })

  const as = basic('alice', 'right horse')
  const get = async (path: string, who?: string) => {
    const answer = await scene.send(`GET ${path}`, who)
    return { status: answer.status, location: answer.headers.get('Location') ?? '', answer }
  }

  test('a public image is kept, whoever asked for it, and its bytes as well', async () => {
    for (const path of readsOf('pub/app')) {
      const first = await get(path, as)
      expect([200, 307]).toContain(first.status)
      for (const who of [undefined, as, basic('nobody', 'wrong')]) {
        const again = await get(path, who)
        expect([again.status, again.location]).toEqual([first.status, first.location])
      }
      expect(scene.answeredBy()).toEqual(['api', 'cache', 'cache', 'cache'])
    }
    const { location } = await get(readsOf('pub/app')[2]!)
    expect(location.startsWith(scene.edge.url)).toBe(true)
    for (const method of ['GET', 'HEAD']) {
      const bytes = await scene.send(`${method} ${location.slice(scene.edge.url.length)}`)
      expect(bytes.status).toBe(200)
      if (method === 'GET') expect(contentOf(bytes.body).sha256).toBe(CONFIG.sha256)
    }
  })

  test.each(readsOf('pub/app').map((path, at) => [path, at === 0 ? TAG_AGE : 3600] as const))(
    '%s is kept for %s s, and what it leads to is good for longer',
    async (path, seconds) => {
      await get(path)
      pass((seconds - 1) * 1000)
      const { location, answer } = await get(path)
      expect(answer.headers.get('Cache-Control')).toBe(`public, max-age=0, s-maxage=${seconds}`)
      if (location !== '') {
        const { status } = await scene.send(`GET ${location.slice(scene.edge.url.length)}`)
        expect(status).toBe(200)
      }
      pass(2000)
      await get(path)
      const answered = scene.edge.passed.filter(({ target }) => target === path)
      expect(answered.slice(-3).map(({ by }) => by)).toEqual(['api', 'cache', 'api'])
    },
  )

  test('HEADs of a public image are kept, and tell the digest', async () => {
    for (const path of readsOf('pub/app')) {
      const digest = path.includes('/blobs/') ? CONFIG.sha256 : MANIFEST
      for (let times = 0; times < 2; times++) {
        const head = await scene.send(`HEAD ${path}`)
        const location = head.headers.get('Location')
        const told =
          location === null
            ? head
            : await scene.send(`HEAD ${location.slice(scene.edge.url.length)}`)
        expect([told.status, told.headers.get('Docker-Content-Digest')]).toEqual([200, digest])
      }
      expect(scene.answeredBy().filter((by) => by === 'api')).toHaveLength(1)
    }
  })

  test('a private repository with the same digests is for its account alone', async () => {
    for (const path of readsOf('private/app')) {
      expect((await get(path)).status).toBe(401)
      expect([200, 307]).toContain((await get(path, as)).status)
    }
    for (const path of readsOf('pub/app')) await get(path)
    for (const path of readsOf('private/app')) {
      expect([200, 307]).toContain((await get(path, as)).status)
      for (const method of ['GET', 'HEAD']) {
        const { status, headers } = await scene.send(`${method} ${path}`)
        expect([status, headers.get('Cache-Control')]).toEqual([401, 'private, no-store'])
        expect((await scene.send(`${method} ${path}`, basic('alice', 'wrong'))).status).toBe(401)
      }
    }
    expect(scene.answeredBy()).not.toContain('cache')
  })

  /** Marks and paths by which a stranger may hope for what is private. */
  const TRICKS: readonly (readonly [path: string, headers: Record<string, string>])[] = [
    ['/v2/private/app/manifests/v1', { 'X-Slipway-Public': 'guess' }],
    ['/v2/private/app/manifests/v1', { 'X-Slipway-Public': '<version>' }],
    ['/v2/pub/../private/app/manifests/v1', {}],
    ['/v2/pub/%2e%2e/private/app/manifests/v1', {}],
    ['/v2/pub/..%2Fprivate/app/manifests/v1', {}],
    ['/v2/pub/app/manifests/../../../private/app/manifests/v1', {}],
    ['/v2/pub/app/manifests/..%2F..%2F..%2Fprivate%2Fapp%2Fmanifests%2Fv1', {}],
    ['/v2/%70ub/app/manifests/v1?/../../../private/app/manifests/v1', {}],
    ['/v2/privat%65/app/manifests/v1', {}],
    ['//v2/private/app/manifests/v1', {}],
    ['/v2//private/app/manifests/v1', {}],
  ]
  test.each(TRICKS)('%s with %j leads to nothing private', async (path, headers) => {
    await get('/v2/private/app/manifests/v1', as)
    const version = scene.list.get('pub/**')!
    const given = JSON.parse(JSON.stringify(headers).replace('<version>', version))
    const { status, body } = await scene.send(`GET ${path}`, undefined, given)
    const named = path.includes('%70ub')
    if (named) expect([200, 401]).toContain(status)
    else expect([400, 401, 404]).toContain(status)
    if (!named) expect(body.toString()).not.toContain(CONFIG.sha256)
  })

  test('nothing else is kept: no errors, lists, referrers, or what is written', async () => {
    const OTHERS = [
      'GET /v2/',
      'GET /v2/pub/app/tags/list',
      `GET /v2/pub/app/referrers/${MANIFEST}`,
      'GET /v2/pub/app/manifests/none',
      `GET /v2/pub/app/blobs/sha256:${'0'.repeat(64)}`,
      'GET /v2/pub/none/manifests/v1',
      'GET /v2/_catalog',
      'POST /v2/pub/app/blobs/uploads/',
      'DELETE /v2/pub/app/manifests/none',
    ]
    for (const request of OTHERS) {
      for (const who of [undefined, as]) {
        const { headers } = await scene.send(request, who)
        expect([request, headers.get('Cache-Control')]).toEqual([request, 'private, no-store'])
      }
    }
    expect(scene.answeredBy()).toEqual(OTHERS.flatMap(() => ['api', 'api']))
  })

  test.each([
    ['?ns=other.example', {}],
    ['?%6es=other.example', {}],
    ['', { 'OCI-Namespace': 'other.example' }],
  ])("nothing of another host's is kept: %j %j", async (query, headers) => {
    const [path = ''] = readsOf('pub/app')
    for (const who of [undefined, as]) {
      const other = await scene.send(`GET ${path}${query}`, who, headers)
      expect(other.headers.get('Cache-Control')).toBe('private, no-store')
    }
    await get(path)
    expect(scene.answeredBy()).toEqual(['api', 'api', 'api'])
    const other = await scene.send(`GET ${path}${query}`, undefined, headers)
    expect(other.headers.get('Cache-Control')).toBe('private, no-store')
    expect(scene.answeredBy()).toEqual(['api'])
  })

  test('around the edge nothing may be kept, whatever is shown', async () => {
    const version = scene.list.get('pub/**')!
    const answer = await fetch(`${gateway.url}${readsOf('pub/app')[0]}`, {
      headers: { 'X-Slipway-Public': version },
    })
    expect([answer.status, answer.headers.get('Cache-Control')]).toEqual([403, 'private, no-store'])
  })

  test('a repository that is no longer public is out of reach before that is acknowledged', async () => {
    for (const path of readsOf('pub/app')) await get(path)
    await scene.setPolicy(ALICE, everyone('other/**'))
    expect([...scene.list.keys()]).toEqual(['other/**'])
    scene.answeredBy()
    // An instance may have the old policy for a while; what it says then is kept for nobody.
    for (const path of readsOf('pub/app')) {
      const { answer } = await get(path)
      expect(answer.headers.get('Cache-Control')).toBe('private, no-store')
    }
    restart()
    for (const path of readsOf('pub/app')) {
      expect((await get(path)).status).toBe(401)
      expect([200, 307]).toContain((await get(path, as)).status)
    }
    expect(scene.answeredBy()).not.toContain('cache')
  })

  test('what was kept before does not come back when it is public again', async () => {
    const [path = ''] = readsOf('pub/app').slice(1)
    await get(path)
    const before = scene.list.get('pub/**')
    await scene.setPolicy(ALICE)
    await scene.setPolicy(ALICE, everyone('pub/**'))
    expect(scene.list.get('pub/**')).not.toBe(before)
    scene.answeredBy()
    await get(path)
    expect(scene.answeredBy()).toEqual(['api'])
  })
})
