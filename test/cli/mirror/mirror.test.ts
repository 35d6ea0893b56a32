/** `slipway mirror` from a registry into a store and another registry: what comes, what goes, what is said. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { LOOK_AGAIN, raiseFence } from '../../../functions/registry/clean-up/fence.ts'
import { newNonce, readMarker, writeMarker } from '../../../functions/registry/clean-up/marker.ts'
import { dataKey, mirrorKey, RETENTION_KEY } from '../../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { write } from '../../auth/harness.ts'
import {
  blob,
  CONFIG,
  CONFIG_TYPE,
  contentOf,
  descriptorOf,
  imageOf,
} from '../../support/hosts/content.ts'
import { temporaryDirectory } from '../../support/hosts/start.ts'
import { clientOf } from '../../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { type OpenedServer, serveFiles } from '../../support/rig/server.ts'
import { openFiles } from '../../support/rig/stores.ts'
import { until } from '../../support/until.ts'
import { type Desk, openDesk } from '../desk.ts'
import { cut, openRelay, type Relay } from './relay.ts'

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let registry: OpenedServer
beforeAll(async () => {
  temporary = await temporaryDirectory()
  registry = await serveFiles()
})
afterAll(async () => {
  await registry.close()
  await temporary.remove()
})

const config = { config: descriptorOf(CONFIG_TYPE, CONFIG) }
const LAYERS = [blob('base', 2000), blob('other', 3000)] as const
const IMAGE = imageOf(LAYERS, config)
const SMALL = imageOf([LAYERS[0]], config)
const SIGNATURE = imageOf([LAYERS[1]], { ...config, subject: descriptorOf(OCI_MANIFEST, SMALL) })
const INDEX = contentOf(
  JSON.stringify({
    ...{ schemaVersion: 2, mediaType: OCI_INDEX },
    manifests: [
      { ...descriptorOf(OCI_MANIFEST, IMAGE), platform: { os: 'linux', architecture: 'amd64' } },
      { ...descriptorOf(OCI_MANIFEST, SMALL), platform: { os: 'linux', architecture: 'arm64' } },
    ],
  }),
)

/** Pushes the small image under some tags. */
const push = async (name: string, ...tags: readonly string[]): Promise<void> => {
  for (const each of [CONFIG, ...LAYERS]) await pushAtOnce(registry.send, name, each)
  for (const tag of tags) await pushManifest(registry.send, name, tag, SMALL)
}
const pushIndex = async (name: string, tag: string): Promise<void> => {
  await push(name, SMALL.sha256)
  await pushManifest(registry.send, name, IMAGE.sha256, IMAGE)
  await pushManifest(registry.send, name, tag, INDEX, OCI_INDEX)
}

let count = 0
interface Mirror {
  readonly desk: Desk
  readonly relay: Relay
  /** A name that repositories of this test begin with. */
  readonly own: string
  readonly state: string
  /** Writes the document: rules by what they say beside their names. */
  rules(...rules: readonly object[]): void
  /** Gives the command. @returns what it printed */
  run(flags?: string): Promise<readonly string[]>
}

const open = async (t: Pick<TestContext, 'onTestFinished'>): Promise<Mirror> => {
  const desk = await openDesk(t, openFiles, { SLIPWAY_MIRROR_ME: 'alice:secret' })
  const relay = await openRelay(t, registry.url)
  const own = `t${count++}`
  const state = join(temporary.path, `${own}.state`)
  return {
    ...{ desk, relay, own, state },
    rules(...rules) {
      const all = rules.map((rule, at) => ({
        ...{ name: `r${at}`, from: relay.host, to: 'store', repositories: [`${own}/**`] },
        ...rule,
      }))
      desk.files['mirror.yaml'] = JSON.stringify({ version: 1, rules: all })
    },
    run: (flags = '') => desk.give(`mirror mirror.yaml --state ${state} ${flags}`),
  }
}

const tagsAt = async (desk: Desk, name: string): Promise<string> =>
  (await desk.give(`tag list ${name} --json`)).map((line) => JSON.parse(line).tag).join(' ')

describe('what comes', () => {
  test('all tags of all repositories, once', async (t) => {
    const { desk, relay, own, rules, run } = await open(t)
    await push(`${own}/app`, '1', '2')
    await push(`${own}/web`, 'latest')
    rules({})
    const printed = await run()
    expect(printed.slice(0, -1).toSorted()).toEqual(
      ['app:1', 'app:2', 'web:latest'].map((each) => `${own}/${each} was copied: ${SMALL.sha256}`),
    )
    expect(printed.at(-1)).toMatch(/^r0: 3 copied, 0 there, in \d/)
    relay.asked.length = 0
    expect(await run()).toEqual([expect.stringMatching(/^r0: 0 copied, 3 there, in /)])
    // Looking at a tag is a HEAD: registries count pulls.
    expect(relay.asked.filter((each) => /^GET .*\/(?:manifests|blobs)\//.test(each))).toEqual([])
    await push(`${own}/app`, '3')
    expect((await run()).at(-1)).toMatch(/^r0: 1 copied, 3 there/)
    expect(await tagsAt(desk, `${own}/app`)).toBe('1 2 3')
  })

  test('by patterns, under other names', async (t) => {
    const { desk, own, rules, run } = await open(t)
    for (const name of ['a/x', 'a/y', 'b/x']) await push(`${own}/${name}`, 'v1.0', 'v1.1', 'dev')
    rules({
      repositories: [`${own}/a/*`, `${own}/b/x`],
      exceptRepositories: [`${own}/a/y`],
      rename: { [`${own}/`]: 'kept/' },
      tags: ['v*'],
      newest: 1,
    })
    expect((await run()).at(-1)).toMatch(/^r0: 2 copied/)
    const names = (await desk.give('repo list --json')).map((line) => JSON.parse(line).repository)
    expect(names).toEqual(['kept/a/x', 'kept/b/x'])
    expect(await tagsAt(desk, 'kept/a/x')).toBe('v1.1')
  })

  test('one platform, which is known again', async (t) => {
    const { desk, own, rules, run } = await open(t)
    await pushIndex(`${own}/app`, 'v1')
    rules({ repositories: [`${own}/app`], tags: ['v1'], platforms: ['linux/arm64'] })
    expect(await run()).toContain(`${own}/app:v1 was copied: ${SMALL.sha256}`)
    expect((await run()).at(-1)).toMatch(/0 copied, 1 there/)
    expect(await tagsAt(desk, `${own}/app`)).toBe('v1')
  })

  test('what refers to an image that has been there for long', async (t) => {
    const { desk, own, rules, run } = await open(t)
    const name = `${own}/app`
    await push(name, 'v1')
    rules({ repositories: [name], referrers: true })
    await run()
    await pushManifest(registry.send, name, SIGNATURE.sha256, SIGNATURE)
    expect((await run()).at(-1)).toMatch(/0 copied, 1 there/)
    expect((await desk.give(`image tree ${name}:v1`)).join('\n')).toContain(SIGNATURE.sha256)
  })

  test('after a clean-up was allowed while it ran, by the rules of that', async (t) => {
    const { desk, relay, own, rules, run } = await open(t)
    const { store, clock } = desk
    const name = `${own}/app`
    await push(name, 'v1')
    await pushManifest(registry.send, name, 'v2', IMAGE)
    rules({ repositories: [name], concurrency: 1 })
    relay.habit = async ({ method, url = '' }) => {
      if (method !== 'GET' || !url.endsWith('/manifests/v2')) return false
      await raiseFence(store)
      await writeMarker(
        store,
        LAYERS[1].sha256,
        { state: 'condemned', nonce: newNonce() },
        { ifNoneMatch: '*' },
      )
      clock.pass(LOOK_AGAIN)
      return false
    }
    expect((await run()).at(-1)).toMatch(/^r0: 2 copied/)
    const stored = await readMarker(store, LAYERS[1].sha256, () => {})
    expect(stored?.marker?.state).toBe('rescued')
  })

  test('from the store to a registry, and within it', async (t) => {
    const { desk, own, rules, run } = await open(t)
    const send = await clientOf(desk.store)
    for (const each of [CONFIG, ...LAYERS]) await pushAtOnce(send, 'app', each)
    await pushManifest(send, 'app', 'v1', SMALL)
    const to = new URL(registry.url).host
    rules(
      { from: 'store', to, repositories: ['app'], rename: { '': `${own}/` } },
      { from: to, to, rename: { [`${own}/`]: `${own}-too/` } },
    )
    expect((await run('--json')).map((line) => JSON.parse(line))).toMatchObject([
      ...Array(2).fill({ event: 'blob', way: 'whole' }),
      { event: 'manifest', image: `${to}/${own}/app`, tag: 'v1', there: false },
      { event: 'run', rule: 'r0', copied: 1, failed: 0 },
      ...Array(2).fill({ event: 'blob', way: 'mounted' }),
      { event: 'manifest', image: `${to}/${own}-too/app`, tag: 'v1' },
      { event: 'run', rule: 'r1', copied: 1, failed: 0 },
    ])
  })
})

describe('what fails', () => {
  test('an image does not keep others from being copied', async (t) => {
    const { desk, own, rules, run, state } = await open(t)
    await push(`${own}/app`, 'good')
    const lost = blob(`lost by ${own}`, 100)
    await pushAtOnce(registry.send, `${own}/app`, lost)
    await pushManifest(registry.send, `${own}/app`, 'bad', imageOf([lost], config))
    await registry.store.delete([dataKey(lost.sha256)])
    rules({}, { repositories: [`${own}/nowhere`] }, { repositories: [`${own}/app`] })
    await expect(run()).rejects.toThrow(/^3 failed: the same command tries them again$/)
    expect(desk.printed.at(-1)).toMatch(/^r2: 0 copied, 1 there, 1 failed/)
    const [bad, nowhere] = desk.said.filter((line) => !/again in/.test(line))
    expect(bad).toMatch(/\/app:bad: .* has no blob sha256:\w+, to which its manifest/)
    expect(nowhere).toMatch(/\/nowhere: .*\/nowhere is not there$/)
    const { rules: kept } = JSON.parse(readFileSync(state, 'utf8'))
    expect(kept.r0).toMatchObject({ copied: 1, failed: 1, failures: [{ why: expect.any(String) }] })
    expect(kept.r0.good).toBeUndefined()
    expect(await tagsAt(desk, `${own}/app`)).toBe('good')
  })

  test.for<readonly [what: string, rule: (own: string) => object, why: RegExp]>([
    ['tags that are not there', () => ({ tags: ['nine'] }), /app:nine: .* has no manifest nine/],
    [
      'a name that is none',
      (own) => ({ rename: { [`${own}/app`]: '' } }),
      /app: it would be "", which is not a repository name/,
    ],
    [
      'two repositories that become one',
      (own) => ({ rename: { [`${own}/app`]: 'one', [`${own}/web`]: 'one' } }),
      /web: t\d+\/app becomes one, too/,
    ],
    [
      'a variable that is not set',
      () => ({ from: { registry: '127.0.0.1:1', credentials: 'env:SLIPWAY_MIRROR_NONE' } }),
      /the secret env:SLIPWAY_MIRROR_NONE is not set, or empty/,
    ],
  ])('%s', async ([, rule, why], t) => {
    const { desk, own, rules, run } = await open(t)
    await push(`${own}/app`, 'v1')
    await push(`${own}/web`, 'v1')
    rules(rule(own))
    await expect(run()).rejects.toThrow(/^[12] failed/)
    expect(desk.said.join('\n')).toMatch(why)
  })

  test('a tag that is immutable at the target', async (t) => {
    const { desk, own, rules, run } = await open(t)
    const name = `${own}/app`
    await push(name, 'v1')
    rules({ repositories: [name] })
    await run()
    const immutable = { version: 1, immutable: [{ repositories: ['**'] }] }
    await write(desk.store, RETENTION_KEY, JSON.stringify(immutable))
    await pushManifest(registry.send, name, 'v1', IMAGE)
    await expect(run()).rejects.toThrow('1 failed')
    expect(desk.said.at(-1)).toContain('TAG_IMMUTABLE')
  })

  test('a network that is cut: few are tried, and the next run goes on', async (t) => {
    const { desk, relay, own, rules, run, state } = await open(t)
    const name = `${own}/app`
    await push(name, ...Array.from({ length: 40 }, (_, at) => `v${at}`))
    rules({ repositories: [name], concurrency: 1 })
    let left = 10
    relay.habit = (request, response) =>
      /^GET .*manifests/.test(`${request.method} ${request.url}`) && left-- <= 0
        ? cut(request, response)
        : false
    await expect(run()).rejects.toThrow(/^3 failed/)
    expect(desk.printed.at(-1)).toMatch(/10 copied, 0 there, 3 failed.*ended before all was done/)
    expect(JSON.parse(readFileSync(state, 'utf8')).rules.r0).toMatchObject({ away: 1 })
    relay.habit = () => false
    expect((await run()).at(-1)).toMatch(/^r0: 30 copied, 10 there, in/)
  })

  test('a log-in that is wanted: few are tried, and not before it is time again', async (t) => {
    const { relay, own, rules, run, state } = await open(t)
    const name = `${own}/app`
    await push(name, ...Array.from({ length: 20 }, (_, at) => `v${at}`))
    rules({ repositories: [name], concurrency: 1 })
    relay.habit = (request, response) => {
      if (!request.url!.includes('/manifests/')) return false
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end()
      return true
    }
    await expect(run()).rejects.toThrow(/failed/)
    expect(JSON.parse(readFileSync(state, 'utf8')).rules.r0).toMatchObject({
      ...{ copied: 0, stopped: false, away: 0 },
    })
  })

  test('a registry that wants to be left alone is', async (t) => {
    const { desk, relay, own, rules, run, state } = await open(t)
    await push(`${own}/app`, 'v1')
    rules({ repositories: [`${own}/app`] })
    relay.habit = (_, response) => {
      response.writeHead(429, { 'Retry-After': '3600' }).end()
      return true
    }
    await expect(run()).rejects.toThrow('1 failed')
    expect(desk.said.at(-1)).toContain('it asks to be left alone for 3600 s')
    const { ended, after } = JSON.parse(readFileSync(state, 'utf8')).rules.r0
    expect(after - ended).toBe(3_600_000)
  })
})

describe('what goes', () => {
  const TAGS = Array.from({ length: 8 }, (_, at) => `v${at}`)
  const remove = async (name: string, ...tags: readonly string[]): Promise<void> => {
    for (const tag of tags) await registry.send(`DELETE /v2/${name}/manifests/${tag}`)
  }

  test('nothing, unless the rule says so', async (t) => {
    const { desk, own, rules, run } = await open(t)
    await push(`${own}/app`, ...TAGS)
    rules({})
    await run()
    await remove(`${own}/app`, 'v0')
    expect((await run()).at(-1)).toMatch(/^r0: 0 copied, 7 there, in/)
    expect(await tagsAt(desk, `${own}/app`)).toBe(TAGS.join(' '))
  })

  test('tags that are gone, not too many, and no others', async (t) => {
    const { desk, own, rules, run } = await open(t)
    const name = `${own}/app`
    await push(name, ...TAGS)
    rules({ tags: ['v*'], deletes: true })
    await run()
    const { store } = desk
    await pushManifest(await clientOf(store), name, 'other', SMALL)
    await remove(name, 'v0', 'v1')
    expect(await run()).toEqual([
      `${name}:v0 was deleted`,
      `${name}:v1 was deleted`,
      expect.stringMatching(/^r0: 0 copied, 6 there, 2 deleted, in/),
    ])
    await remove(name, 'v2', 'v3')
    await expect(run()).rejects.toThrow('1 failed')
    expect(desk.said).toEqual([
      'r0: 2 of 6 tags are gone at the source, more than 1: nothing was deleted; --max-deletes 2 allows it',
    ])
    await expect(run('--max-deletes 0')).rejects.toThrow('1 failed')
    expect((await run('--max-deletes 2')).at(-1)).toMatch(/2 deleted/)
    expect(await tagsAt(desk, name)).toBe('other v4 v5 v6 v7')
  })

  test('nothing of a repository that cannot be listed', async (t) => {
    const { desk, relay, own, rules, run } = await open(t)
    const name = `${own}/app`
    await push(name, 'v1')
    rules({ deletes: true })
    await run()
    relay.habit = (request, response) => {
      if (!request.url!.includes('/tags/list')) return false
      response.writeHead(404).end()
      return true
    }
    // What a registry lists and then does not know has no tags there; what is named in full has to be there.
    expect(await run('--max-deletes 9')).toEqual([
      expect.stringMatching(/^r0: 0 copied, 0 there, in/),
    ])
    rules({ repositories: [name], deletes: true })
    await expect(run('--max-deletes 9')).rejects.toThrow('1 failed')
    expect(await tagsAt(desk, name)).toBe('v1')
  })

  test('at a registry, too', async (t) => {
    const { desk, own, rules, run } = await open(t)
    await push(`${own}/app`, 'v1', 'v2', 'v3', 'v4')
    const to = new URL(registry.url).host
    rules({ to, rename: { [`${own}/`]: `${own}-too/` }, deletes: true })
    await run()
    await remove(`${own}/app`, 'v2')
    expect(await run()).toContain(`${to}/${own}-too/app:v2 was deleted`)
    expect(desk.said).toEqual([])
  })
})

describe('--status', () => {
  test('says how each rule stands', async (t) => {
    const { desk, own, rules, run, state } = await open(t)
    await push(`${own}/app`, 'v1')
    rules({}, { repositories: [`${own}/nowhere`] })
    expect(await run('--status')).toEqual([
      'RULE  LAST RUN  TOOK  LAG  COPIED  THERE  DELETED  FAILED',
      'r0    never        -    -       -      -        -       -',
      'r1    never        -    -       -      -        -       -',
    ])
    expect(desk.code).toBe(1)
    expect(existsSync(state)).toBe(false)
    await run().catch(() => {})
    desk.clock.pass(90_000)
    const [, good, bad, why] = await run('--status')
    expect(good).toMatch(/^r0 +\d{4}-\d\d-\d\dT[\d:]+Z +\d\.\d s +1 min 3\d s +1 +0 +0 +0$/)
    expect(bad).toMatch(/^r1 .* - +0 +0 +0 +1$/)
    expect(why).toMatch(/^r1: t\d+\/nowhere: .*is not there$/)
    await run('--status --rule r0')
    expect(desk.code).toBe(0)
    const [first, second] = (await run('--status --json')).map((line) => JSON.parse(line))
    expect(first).toMatchObject({ rule: 'r0', copied: 1, failed: 0, lag: expect.any(Number) })
    expect(second).toMatchObject({ rule: 'r1', failed: 1, lag: null })
  })

  test('is in the store where that is wanted, and damaged there, too', async (t) => {
    const { desk, own, rules } = await open(t)
    await push(`${own}/app`, 'v1')
    rules({})
    await desk.give('mirror mirror.yaml --state store')
    expect(await desk.give('mirror mirror.yaml --status --state store')).toHaveLength(2)
    expect(desk.code).toBe(0)
    await desk.store.put(mirrorKey('state'), Buffer.from('{'))
    await desk.give('mirror mirror.yaml --status --state store')
    expect(desk.code).toBe(1)
    expect(desk.said).toEqual(['slipway/v1/mirror/state is damaged: it is written anew'])
  })

  test('a state that is damaged is written anew', async (t) => {
    const { desk, own, rules, run, state } = await open(t)
    await push(`${own}/app`, 'v1')
    rules({})
    await run()
    writeFileSync(state, '{')
    await run()
    expect(desk.said).toEqual([`${state} is damaged: it is written anew`])
    expect(JSON.parse(readFileSync(state, 'utf8')).rules.r0.there).toBe(1)
  })
})

test('--watch follows the schedule, survives a cut network, and ends when it is stopped', async (t) => {
  const { desk, relay, own, rules, run } = await open(t)
  await push(`${own}/app`, 'v1')
  rules({ every: '5m' })
  const began = desk.clock.now()
  const watching = run('--watch')
  const lines = () => desk.printed.filter((line) => line.startsWith('r0: '))
  await until(() => lines().length >= 2)
  expect(desk.clock.now() - began).toBeGreaterThanOrEqual(300_000)
  relay.habit = cut
  await until(() => lines().some((line) => line.includes('failed')))
  await push(`${own}/app`, 'v2')
  relay.habit = () => false
  await until(() => lines().some((line) => line.includes('1 copied, 1 there')))
  desk.stop()
  await watching
  expect(desk.code).toBe(0)
  expect(desk.said.at(-1)).toMatch(/^It ends when what is under way is done/)
  expect(await tagsAt(desk, `${own}/app`)).toBe('v1 v2')
})

describe('is refused', () => {
  test.for<readonly [flags: string, why: RegExp]>([
    ['--rule r9', /^--rule is "r9": the document has r0$/],
    ['--max-deletes many', /--max-deletes is "many": expected a whole number/],
  ])('%s', async ([flags, why], t) => {
    const { rules, run } = await open(t)
    rules({})
    await expect(run(flags)).rejects.toThrow(why)
  })
})
