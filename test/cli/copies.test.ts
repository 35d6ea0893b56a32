/** `slipway copy`, `export` and `import` on a store and beside a registry: what they print, and what they refuse. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { dataKey, RETENTION_KEY } from '../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { write } from '../auth/harness.ts'
import {
  blob,
  CONFIG,
  CONFIG_TYPE,
  type Content,
  contentOf,
  descriptorOf,
  imageOf,
} from '../support/hosts/content.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { type OpenedServer, serveFiles } from '../support/rig/server.ts'
import { openFiles } from '../support/rig/stores.ts'
import { type Desk, openDesk } from './desk.ts'

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
let count = 0
const newPath = (end = ''): string => join(temporary.path, `${count++}${end}`)
const host = (): string => new URL(registry.url).host

const LAYERS = [blob('base', 2000), blob('other', 3000)] as const
const config = { config: descriptorOf(CONFIG_TYPE, CONFIG) }
const IMAGE = imageOf(LAYERS, config)
const SMALL = imageOf([LAYERS[0]], config)
const ATTESTED = imageOf([LAYERS[1]], { ...config, subject: descriptorOf(OCI_MANIFEST, IMAGE) })
const platform = (architecture: string, image: Content) => ({
  ...descriptorOf(OCI_MANIFEST, image),
  platform: { os: 'linux', architecture },
})
const INDEX = contentOf(
  JSON.stringify({
    ...{ schemaVersion: 2, mediaType: OCI_INDEX },
    manifests: [platform('amd64', IMAGE), platform('arm64', SMALL)],
  }),
)

/** A desk over a store with an index, an image and what refers to it. */
const open = async (t: Pick<TestContext, 'onTestFinished'>): Promise<Desk> => {
  const desk = await openDesk(t, openFiles)
  const send = await clientOf(desk.store)
  for (const each of [CONFIG, ...LAYERS]) await pushAtOnce(send, 'team/app', each)
  await pushManifest(send, 'team/app', 'one', IMAGE)
  await pushManifest(send, 'team/app', SMALL.sha256, SMALL)
  await pushManifest(send, 'team/app', ATTESTED.sha256, ATTESTED)
  await pushManifest(send, 'team/app', 'all', INDEX, OCI_INDEX)
  return desk
}

const empty = (t: Pick<TestContext, 'onTestFinished'>): Promise<Desk> => openDesk(t, openFiles)

describe('export and import', () => {
  test.for([
    ['a directory', ''],
    ['an archive', '.tar'],
  ])('%s: all tags, and what refers to them', async ([, end], t) => {
    const path = newPath(end)
    const from = await open(t)
    const printed = await from.give(`export team/app ${path}`)
    expect(printed.toSorted()).toEqual([
      `team/app:all was copied: ${INDEX.sha256}`,
      `team/app:one was copied: ${IMAGE.sha256}`,
    ])
    expect(from.said.at(-1)).toMatch(/^2 images in .*: 3 blobs were sent \(5\.\d kB, /)
    const to = await empty(t)
    await to.give(`import ${path}`)
    expect(await to.give('tag list team/app --json')).toHaveLength(2)
    const tree = (await to.give('image tree team/app:one')).join('\n')
    expect(tree).toContain(ATTESTED.sha256)
    const again = await to.give(`import ${path}`)
    expect(again).toHaveLength(2)
    expect(to.said.at(-1)).toContain('0 blobs were sent (0 B, 0 B/s), 0 mounted, 0 were there')
  })

  test('by a digest, and of two repositories', async (t) => {
    const desk = await open(t)
    const path = newPath()
    await desk.give(`copy store:team/app:one store:team/web:2.0`)
    await desk.give(`export team/app@${SMALL.sha256} team/web ${path}`)
    const { manifests } = JSON.parse(readFileSync(join(path, 'index.json'), 'utf8'))
    const names = manifests.map(
      (each: { annotations: Record<string, string> }) =>
        each.annotations['io.containerd.image.name'],
    )
    expect(names.slice(0, 2)).toEqual([`team/app@${SMALL.sha256}`, 'team/web:2.0'])
    const to = await empty(t)
    await to.give(`import ${path}`)
    expect(await to.give('repo list')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^team\/app/),
        expect.stringMatching(/^team\/web/),
      ]),
    )
    expect(await to.give(`import ${path} other/name`)).toHaveLength(2)
  })

  test('to and from a registry', async (t) => {
    const desk = await open(t)
    const path = newPath('.tar')
    await desk.give(`export team/app:one ${path}`)
    await desk.give(`import ${path} from/tar --registry http://${host()} --json`)
    const events = desk.printed.map((line) => JSON.parse(line))
    expect(events.at(-1)).toMatchObject({ event: 'done', images: 1, sent: 3, bytes: 5064 })
    const back = newPath()
    await desk.give(`export from/tar ${back} --registry http://${host()}`)
    const exported = JSON.parse(readFileSync(join(back, 'index.json'), 'utf8')).manifests
    expect(exported.map(({ digest }: { digest: string }) => digest)).toContain(IMAGE.sha256)
    // The second is the list of what refers to it.
    expect(exported).toHaveLength(2)
  })
})

describe('copy', () => {
  test('to a registry and back, with what refers to it', async (t) => {
    const desk = await open(t)
    await desk.give(`copy store:team/app ${host()}/copied/app --all-tags --referrers`)
    expect(desk.said.at(-1)).toContain('2 images in ')
    const to = await empty(t)
    await to.give(`copy ${host()}/copied/app:one store:back --referrers`)
    expect((await to.give('image tree back:one')).join('\n')).toContain(ATTESTED.sha256)
    // Within a registry, blobs are mounted.
    await to.give(`copy ${host()}/copied/app:one ${host()}/mounted/app:2 --json`)
    expect(JSON.parse(to.printed.at(-1)!)).toMatchObject({ sent: 0, mounted: 3, images: 1 })
  })

  test('one platform', async (t) => {
    const desk = await open(t)
    await desk.give('copy store:team/app:all store:small --platform linux/arm64')
    expect(desk.printed).toEqual([`small:all was copied: ${SMALL.sha256}`])
  })

  test('of all tags goes on after one that fails, and says so at the end', async (t) => {
    const desk = await open(t)
    const send = await clientOf(desk.store)
    await pushManifest(send, 'team/app', 'small', SMALL)
    await desk.store.delete([dataKey(LAYERS[1].sha256)])
    const copied = desk.give('copy store:team/app store:other --all-tags')
    await expect(copied).rejects.toThrow(/^2 of 3 images were not copied: the same command tries/)
    expect(desk.printed).toEqual([`other:small was copied: ${SMALL.sha256}`])
    const lack = expect.stringMatching(/^team\/app:one was not copied: .*has no blob.*refers$/)
    expect(desk.said.slice(-2)).toEqual(expect.arrayContaining([lack]))
    const events = desk.give('copy store:team/app store:other --all-tags --json')
    await expect(events).rejects.toThrow('2 of 3')
    const failed = desk.printed.map((line) => JSON.parse(line)).filter((each) => each.why)
    expect(failed.map(({ what }) => what).toSorted()).toEqual(['team/app:all', 'team/app:one'])
  })

  test('does not move an immutable tag, and says so', async (t) => {
    const desk = await open(t)
    const rules = { version: 1, immutable: [{ repositories: ['**'], tags: ['one'] }] }
    await write(desk.store, RETENTION_KEY, JSON.stringify(rules))
    const moved = desk.give('copy store:team/app:all store:team/app:one')
    await expect(moved).rejects.toThrow(/TAG_IMMUTABLE/)
  })
})

describe('is refused', () => {
  test.for<readonly [string, RegExp]>([
    ['copy app registry.example/app', /"app" is not an image of a registry: expected HOST\/NAME/],
    ['copy store:app:one store:other@sha256:aa', /is not an image/],
    ['copy store:team/app:one store:a store:b', /takes a source and a target/],
    ['copy store:team/app:one store:b --all-tags', /neither side has a tag or a digest/],
    ['copy store:team/app:one store:b --platform arm64', /"arm64" is not a platform: expected OS/],
    ['copy store:team/app:nine store:b', /the repository team\/app has no manifest nine/],
    ['copy store:nothing store:b --all-tags', /no repository nothing/],
    [`copy store:team/app:one store:b@sha256:${'a'.repeat(64)}`, /the target has a digest/],
    ['export team/app', /target|expected/i],
    ['export Team/app ./x', /"Team\/app" is not an image: expected NAME/],
    ['import ./nowhere.tar', /nowhere\.tar is not there/],
    [`import ./x a@sha256:${'a'.repeat(64)}`, /not a digest/],
  ])('%s', async ([line, message], t) => {
    const desk = await open(t)
    await expect(desk.give(line)).rejects.toThrow(message)
  })

  test('an export of what is not there leaves nothing', async (t) => {
    const desk = await open(t)
    const path = newPath('.tar')
    await expect(desk.give(`export team/app:nine ${path}`)).rejects.toThrow(/no manifest nine/)
    expect(existsSync(path) || existsSync(`${path}.partial`)).toBe(false)
  })

  test('an import of several images under one tag, or of what has no name', async (t) => {
    const desk = await open(t)
    const path = newPath()
    await desk.give(`export team/app ${path}`)
    const one = desk.give(`import ${path} a/b:1`)
    await expect(one).rejects.toThrow(/has 2 images, which cannot all be 1: leave the tag out/)
  })
})
