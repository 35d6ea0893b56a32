/**
 * `slipway mirror` from Debian's docker-registry to Slipway, through its API and straight into its store. crane and
 * skopeo judge whether the copies are equal, and regsync whether anything is left to do. All at once: some wait for long.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isFallbackTag } from '../../functions/transfer/registry/referrers-tag.ts'
import { cut, openRelay } from '../cli/mirror/relay.ts'
import { writeLayout } from '../interop/oci-layout.ts'
import { cleanEnvironment, projectRoot, run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, startRegistry } from '../support/live/registry.ts'
import { until } from '../support/until.ts'

const files = scratch('mirror')
const at = (name: string): string => join(files.path, name)
const home = at('home')
mkdirSync(home)
const env = { HOME: home, REGCTL_CONFIG: join(home, 'regctl.json') }
const closers: (() => Promise<unknown>)[] = [async () => files.remove()]

const regctl = (...args: readonly string[]) => run('regctl', args, { env, cwd: files.path })
const crane = (...args: readonly string[]) => run('crane', args, { env })
const linesOf = (printed: string): readonly string[] => printed.split('\n').filter(Boolean)

let source: LiveRegistry
let own: LiveRegistry
beforeAll(async () => {
  source = await startRegistry('distribution', { directory: at('source') })
  closers.push(() => source.close())
  own = await startRegistry('slipway', { directory: at('own') })
  closers.push(() => own.close())
  for (const { address } of [source, own])
    await regctl('registry', 'set', '--tls', 'disabled', address)
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

/** Pushes an image of its own for each tag to the source. */
const push = async (name: string, tags: readonly string[], size = 100_000): Promise<void> => {
  for (const tag of tags) {
    const layout = `layout-${randomUUID()}`
    await writeLayout(at(layout), ['amd64', 'arm64'], [size])
    await regctl('image', 'copy', `ocidir://${layout}:v1`, `${source.address}/${name}:${tag}`)
    rmSync(at(layout), { recursive: true })
  }
}
/** Deletes images at the source: it deletes no tags, but these go with what they name. */
const remove = async (name: string, tags: readonly string[]): Promise<void> => {
  for (const tag of tags) {
    const digest = await crane('digest', `${source.address}/${name}:${tag}`)
    await crane('delete', `${source.address}/${name}@${digest.trim()}`)
  }
}
/** Without the lists of referrers, which a registry with their API needs no tags for. */
const tagsAt = async (registry: LiveRegistry, name: string): Promise<readonly string[]> =>
  linesOf(await crane('ls', `${registry.address}/${name}`))
    .filter((tag) => !isFallbackTag(tag))
    .toSorted()

/** Writes a document of one rule. @returns its path */
const write = (name: string, rule: object): string => {
  const file = at(`${name}.yaml`)
  const all = { name, from: source.address, to: own.address, ...rule }
  writeFileSync(file, JSON.stringify({ version: 1, rules: [all] }))
  return file
}

const begin = (file: string, ...flags: readonly string[]) => {
  const words = ['mirror', file, `--store=file:${at('own')}`, ...flags]
  const child = spawn(process.execPath, ['functions/handlers/cli.ts', ...words], {
    cwd: projectRoot,
    env: { ...cleanEnvironment(), HOME: home, TMPDIR: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit') as Promise<[number]>
  const output = Promise.all([text(child.stdout), text(child.stderr)])
  const end = async () => {
    const [printed, said] = await output
    return { code: (await ended)[0], lines: linesOf(printed), said }
  }
  return { child, end }
}
/** Runs the rule of a document once. @returns what it printed at the end, and before */
const mirror = async (file: string, ...flags: readonly string[]) => {
  const { code, lines, said } = await begin(file, '--json', ...flags).end()
  const events = lines.map((line) => JSON.parse(line))
  return { code, said, run: events.at(-1), events: events.slice(0, -1) }
}

/** Has skopeo pull all of an image, which compares each digest. */
const pulled = async (image: string): Promise<void> => {
  const to = at(`pulled-${randomUUID()}`)
  const words = ['--insecure-policy', 'copy', '--all', '--src-tls-verify=false']
  await run('skopeo', [...words, `docker://${image}`, `dir:${to}`], { env })
  rmSync(to, { recursive: true })
}
const expectEqual = async (name: string, copy: string): Promise<void> => {
  const tags = await tagsAt(source, name)
  expect(await tagsAt(own, copy)).toEqual(tags)
  for (const tag of tags) {
    const digest = await crane('digest', `${source.address}/${name}:${tag}`)
    expect(await crane('digest', `${own.address}/${copy}:${tag}`)).toBe(digest)
    await pulled(`${own.address}/${copy}:${tag}`)
  }
}

/** What regsync finds to be done by the same rule. @param names of repositories, and of their copies */
const leftToDo = async (names: readonly (readonly [name: string, copy: string])[]) => {
  const hosts = [source, own].map(({ address }) => ({ registry: address, tls: 'disabled' }))
  const sync = names.map(([name, copy]) => ({
    ...{ source: `${source.address}/${name}`, target: `${own.address}/${copy}` },
    type: 'repository',
    // The list of referrers, which Slipway needs no tag for.
    tags: { deny: ['sha256-.*'] },
  }))
  const file = at(`regsync-${randomUUID()}.yaml`)
  writeFileSync(file, JSON.stringify({ version: 1, creds: hosts, sync }))
  const said = await run('sh', ['-c', 'regsync --config "$0" check 2>&1', file], { env })
  expect(said).not.toMatch(/error/i)
  return said.match(/Image sync needed/g)?.length ?? 0
}

describe.concurrent.each([
  ['to a registry', 'there', () => own.address],
  ['straight into its store', 'straight', () => 'store'],
])('%s', (_, called, to) => {
  test.concurrent('all comes once, and what moves is followed', async () => {
    const names = ['app', 'web'].map(
      (each) => [`${called}/${each}`, `kept/${called}/${each}`] as const,
    )
    const [[app, copy]] = names as [readonly [string, string]]
    for (const [name] of names) await push(name, ['v1', 'v2'])
    writeFileSync(at('sbom.json'), '{"kind":"sbom"}')
    await regctl(
      ...['artifact', 'put', '--artifact-type', 'application/vnd.example.sbom'],
      ...['--file', 'sbom.json', '--file-media-type', 'application/json', '--subject'],
      `${source.address}/${app}:v1`,
    )
    const rename = { '': 'kept/' }
    const file = write(called, { to: to(), repositories: [`${called}/*`], rename, referrers: true })
    expect(await mirror(file)).toMatchObject({ code: 0, run: { copied: 4, there: 0, failed: 0 } })
    for (const [name, each] of names) await expectEqual(name, each)
    const tree = await regctl('artifact', 'list', `${own.address}/${copy}:v1`)
    expect(tree).toContain('application/vnd.example.sbom')
    expect(await leftToDo(names)).toBe(0)

    const again = { code: 0, events: [], run: { copied: 0, there: 4, deleted: 0, failed: 0 } }
    expect(await mirror(file)).toMatchObject(again)
    await push(app, ['v1', 'v3'])
    expect(await leftToDo(names)).toBe(2)
    expect(await mirror(file)).toMatchObject({ code: 0, run: { copied: 2, there: 3, failed: 0 } })
    await expectEqual(app, copy)
    expect(await leftToDo(names)).toBe(0)
    const status = await begin(file, '--status').end()
    expect(status.code).toBe(0)
    expect(status.lines).toEqual([
      expect.stringMatching(/^RULE +LAST RUN/),
      expect.stringMatching(new RegExp(`^${called} +\\d{4}-.* 2 +3 +0 +0$`)),
    ])
  })

  test.concurrent('what is gone goes where the rule says so, and never more than allowed', async () => {
    const [name, copy] = [`gone/${called}`, `kept/gone/${called}`]
    const tags = Array.from({ length: 8 }, (_, index) => `v${index}`)
    await push(name, tags, 1000)
    const rule = { to: to(), repositories: [name], rename: { '': 'kept/' } }
    expect(await mirror(write(`gone-${called}`, rule))).toMatchObject({ code: 0 })
    await remove(name, ['v0', 'v1'])
    expect(await mirror(write(`gone-${called}`, rule))).toMatchObject({ run: { deleted: 0 } })
    expect(await tagsAt(own, copy)).toEqual(tags)
    const deleting = write(`gone-${called}`, { ...rule, deletes: true })
    expect(await mirror(deleting)).toMatchObject({ code: 0, run: { deleted: 2, there: 6 } })
    await expectEqual(name, copy)
    await remove(name, ['v2', 'v3', 'v4'])
    const refused = await mirror(deleting)
    expect(refused).toMatchObject({ code: 1, run: { deleted: 0, failed: 1 } })
    expect(refused.said).toContain(
      '3 of 6 tags are gone at the source, more than 1: nothing was deleted',
    )
    expect(await tagsAt(own, copy)).toEqual(tags.slice(2))
    expect((await begin(deleting, '--status').end()).code).toBe(1)
    expect(await mirror(deleting, '--max-deletes', '3')).toMatchObject({ run: { deleted: 3 } })
    await expectEqual(name, copy)
  })
})

test.concurrent('a network that is cut leaves no tag that cannot be pulled, and the next run goes on', async (t) => {
  const tags = Array.from({ length: 7 }, (_, index) => `v${index}`)
  await push('cut/app', tags, 1_000_000)
  const relay = await openRelay(t, `http://${source.address}`)
  const file = write('cut', { from: relay.host, repositories: ['cut/app'], concurrency: 1 })
  relay.habit = ({ method, url = '' }) => {
    // Once in the middle of an image, which goes on; then for good.
    if (
      url.includes('/blobs/') &&
      relay.asked.filter((each) => each.includes('/blobs/')).length === 6
    ) {
      relay.breakOff()
      return true
    }
    if (method === 'GET' && url.endsWith('/manifests/v3')) {
      relay.habit = cut
      relay.breakOff()
      return true
    }
    return false
  }
  const broken = await mirror(file)
  expect(broken).toMatchObject({ code: 1, run: { copied: 3, failed: 3, stopped: true } })
  expect(await tagsAt(own, 'cut/app')).toEqual(tags.slice(0, 3))
  for (const tag of tags.slice(0, 3)) await pulled(`${own.address}/cut/app:${tag}`)
  relay.habit = () => false
  expect(await mirror(file)).toMatchObject({ code: 0, run: { copied: 4, there: 3, failed: 0 } })
  await expectEqual('cut/app', 'cut/app')
})

test.concurrent('SIGTERM lets what is under way end, and the next run goes on', async (t) => {
  await push('stopped/app', ['v1', 'v2', 'v3'])
  const relay = await openRelay(t, `http://${source.address}`)
  const file = write('stopped', { from: relay.host, repositories: ['stopped/app'], concurrency: 1 })
  const { promise: released, resolve: release } = Promise.withResolvers<boolean>()
  relay.habit = (request) => (request.url?.includes('/blobs/') ? released : false)
  const { child, end } = begin(file, '--json')
  await until(() => relay.asked.some((each) => each.includes('/blobs/')))
  const heard = once(child.stderr, 'data')
  child.kill('SIGTERM')
  await heard
  release(false)
  const { code, lines, said } = await end()
  expect(code).toBe(130)
  expect(said).toContain('It ends when what is under way is done')
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ copied: 1, failed: 0, stopped: true })
  await pulled(`${own.address}/stopped/app:v1`)
  expect(await mirror(file)).toMatchObject({ code: 0, run: { copied: 2, there: 1 } })
})

test.concurrent('--watch goes on by the schedule where it was stopped, until SIGTERM', async () => {
  await push('watched/app', ['v1'])
  const file = write('watched', { repositories: ['watched/app'], every: '1m' })
  await mirror(file)
  const state = () => JSON.parse(readFileSync(`${file}.state`, 'utf8'))
  // As if that had been a while ago.
  const before = state()
  before.rules.watched.began -= 55_000
  writeFileSync(`${file}.state`, JSON.stringify(before))
  await push('watched/app', ['v2'])
  const { child, end } = begin(file, '--watch')
  const { began } = before.rules.watched
  await until(() => state().rules.watched.began > began)
  expect(state().rules.watched).toMatchObject({ copied: 1, there: 1, failed: 0 })
  expect(state().rules.watched.began).toBeGreaterThanOrEqual(began + 60_000)
  child.kill('SIGTERM')
  const { code, lines } = await end()
  expect(code).toBe(0)
  expect(lines.at(-1)).toMatch(/^watched: 1 copied, 1 there, in /)
  await expectEqual('watched/app', 'watched/app')
})
