/**
 * `slipway repo`, `tag` and `image`: what they print, and what they refuse. That they do the same from afar is of
 * remote/both-sides.test.ts.
 *
 * @module
 */

import { PassThrough } from 'node:stream'
import { beforeEach, describe, expect, it, type TestContext, test } from 'vitest'
import { createTable, cut } from '../../functions/cli/aligned.ts'
import { confirmed } from '../../functions/cli/confirm.ts'
import { RETENTION_KEY, revisionLinkKey } from '../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { USAGE_KEY, usagePartKey } from '../../functions/registry/usage/document.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
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
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushImage, pushManifest } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'
import { type Desk, openDesk } from './desk.ts'

const [BASE, OLD, NEW] = [blob('base', 2000), blob('old', 300), blob('new', 4000)]

const configOf = (config: object, steps: readonly string[]): Content =>
  contentOf(
    JSON.stringify({
      ...{ architecture: 'arm64', os: 'linux', created: '2030-01-01T00:00:00Z', config },
      history: steps.map((created_by) => ({ created_by })),
      rootfs: { type: 'layers' },
    }),
  )

const ONE = configOf({ Env: ['A=1', 'B=2'], Cmd: ['run'] }, ['ADD base', 'RUN  old'])
const TWO = configOf({ Env: ['A=1', 'B=3'], Cmd: ['run'] }, ['ADD base', 'RUN new'])

const withConfig = (config: Content, layers: readonly Content[]): Content =>
  imageOf(layers, { config: descriptorOf(CONFIG_TYPE, config) })

/** Of somebody who would write lines of their own. */
const FORGED = configOf({ Labels: { a: 'x\nteam/app:v1 is deleted' } }, ['ADD\r\nteam/app'])

const FIRST = withConfig(ONE, [BASE, OLD])
const SECOND = withConfig(TWO, [BASE, NEW])
const AMD = imageOf([BASE])

const indexFor = (arm: Content): Content =>
  contentOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        {
          ...descriptorOf(OCI_MANIFEST, arm),
          platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
        },
        {
          ...descriptorOf(OCI_MANIFEST, AMD),
          platform: { os: 'linux', architecture: 'amd64' },
        },
      ],
    }),
  )

const SIGNATURE = imageOf([OLD], {
  artifactType: 'application/x.signature',
  subject: descriptorOf(OCI_MANIFEST, FIRST),
})

const INDEX = indexFor(FIRST)
const NEXT = indexFor(SECOND)

/** A desk over a store with two indexes, a signature, and one that is tagged as cosign does. */
const openFilled = async (t: Pick<TestContext, 'onTestFinished'>): Promise<Desk> => {
  const desk = await openDesk(t, openFiles)
  const send = await clientOf(desk.store)
  for (const each of [CONFIG, ONE, TWO, BASE, OLD, NEW]) await pushAtOnce(send, 'team/app', each)
  await pushManifest(send, 'team/app', 'one', FIRST)
  await pushManifest(send, 'team/app', SECOND.sha256, SECOND)
  await pushManifest(send, 'team/app', AMD.sha256, AMD)
  await pushManifest(send, 'team/app', 'v1', INDEX, OCI_INDEX)
  await pushManifest(send, 'team/app', 'v2', NEXT, OCI_INDEX)
  await pushManifest(send, 'team/app', SIGNATURE.sha256, SIGNATURE)
  await pushManifest(send, 'team/app', `${AMD.sha256.replace(':', '-')}.sig`, SIGNATURE)
  return desk
}

/** What a clean-up would have counted of one repository. */
const count = async (store: ObjectStore, line: readonly [string, number, number]) => {
  const id = '0123456789abcdef'
  const pool = { kept: 9, condemned: 1, reclaimable: 2 }
  const head = { version: 1, date: '2030-01-01T00:00:00.000Z', id, repositories: 1, pool }
  await write(store, USAGE_KEY, JSON.stringify({ ...head, parts: [line[0]] }))
  await write(store, usagePartKey(id, 0), `${JSON.stringify([...line, 0, 0])}\n`)
}

describe('tables', () => {
  const print = (rows: readonly string[][], width?: number): string[] => {
    const printed: string[] = []
    const table = createTable({ print: (line) => void printed.push(line), width }, [
      { title: 'NAME', least: 3 },
      { title: 'SIZE', right: true },
      { title: 'DIGEST', least: 8 },
    ])
    for (const row of rows) table.row(...row)
    table.end()
    return printed
  }

  it('are as wide as what is in them', () => {
    expect(
      print([
        ['a', '1', 'sha256:0123456789'],
        ['longer', '10 MB', 'x'],
      ]),
    ).toEqual(['NAME     SIZE  DIGEST', 'a           1  sha256:0123456789', 'longer  10 MB  x'])
  })

  it('give way where the terminal is narrow', () => {
    expect(print([['a', '1', 'sha256:0123456789']], 22)).toEqual([
      'NAME  SIZE  DIGEST',
      'a        1  sha256:01…',
    ])
    const [, line = ''] = print([['abcdefgh', '1', 'sha256:0123456789']], 5)
    expect(line).toBe('ab…     1  sha256:…')
    expect(cut('abc', 3)).toBe('abc')
  })

  it('are printed while they are read', () => {
    const printed = print(Array.from({ length: 1200 }, (_, at) => [`${at}`, '1', 'x']))
    expect(printed).toHaveLength(1201)
  })
})

describe('before something goes', () => {
  const answer = (text: string | undefined, isTTY: boolean) => {
    const stdin = new PassThrough()
    stdin.end(text ?? '')
    const io = { stdin: Object.assign(stdin, { isTTY }), say: () => {} }
    return confirmed(io as unknown as Parameters<typeof confirmed>[0], false)
  }

  it.each(['yes\n', 'y\n', ' YES \n'])('%j does it', (text) => answer(text, true))

  it.each(['no\n', '\n', undefined, 'yesterday\n'])('%j does not', async (text) => {
    await expect(answer(text, true)).rejects.toThrow('nothing was deleted')
  })

  it('asks nobody who is not there', async () => {
    await expect(answer('yes\n', false)).rejects.toThrow('nobody can be asked here: --yes does it')
  })
})

describe('repo', () => {
  test('list, by patterns, and with sizes once they are counted', async (t) => {
    const { give, said, store } = await openDesk(t, openFiles)
    expect(await give('repo list')).toEqual([])
    expect(said.at(-1)).toBe('There are no repositories.')
    const send = await clientOf(store)
    await pushImage(send, 'app', 'v1', [BASE])
    await pushImage(send, 'team/other', 'v1', [])
    expect(await give('repo list')).toEqual(['REPOSITORY', 'app', 'team/other'])
    expect(await give('repo list team/** --json')).toEqual(['{"repository":"team/other"}'])
    await count(store, ['app', 2000, 500])
    expect(await give('repo list')).toEqual([
      'REPOSITORY    SIZE',
      'app         2.5 kB',
      'team/other       -',
    ])
    expect(await give('repo list app --json')).toEqual([
      '{"repository":"app","own":2000,"shared":500,"condemned":0,"reclaimable":0}',
    ])
    await expect(give('repo list [')).rejects.toThrow('no pattern')
  })

  test('show', async (t) => {
    const { give, store } = await openFilled(t)
    expect(await give('repo show team/app')).toEqual([
      'repository   team/app',
      `tags         4: one, ${AMD.sha256.replace(':', '-')}.sig, v1, v2`,
    ])
    await count(store, ['team/app', 2000, 500])
    expect((await give('repo show team/app')).slice(2)).toEqual([
      'size         2.5 kB: 2.0 kB its own, 500 bytes shared',
      'counted      2030-01-01T00:00:00.000Z',
    ])
    expect(JSON.parse((await give('repo show team/app --json'))[0] ?? '')).toMatchObject({
      repository: 'team/app',
      tags: 4,
      usage: { own: 2000 },
    })
    await expect(give('repo show none')).rejects.toThrow('there is no repository none')
  })

  test('delete shows what goes, asks, and can be undone', async (t) => {
    const { give, said, store } = await openDesk(t, openFiles)
    await pushImage(await clientOf(store), 'app', 'v1', [])
    await expect(give('repo delete app')).rejects.toThrow('nobody can be asked here')
    expect(said).toEqual(['All of app goes: 1 tag.', 'Its tags are v1.'])
    await give('repo delete app --yes')
    expect(said.at(-1)).toBe('For 14 days, "slipway undelete app" brings it back.')
    await give('undelete app')
    expect(await give('repo list')).toEqual(['REPOSITORY', 'app'])
    await expect(give('repo delete none --yes')).rejects.toThrow('there is no repository none')
  })
})

describe('tag', () => {
  test('list', async (t) => {
    const { give, said } = await openFilled(t)
    const lines = (await give('tag list team/app')).map((line) => line.split(/ {2,}/))
    expect(lines).toEqual([
      ['TAG', 'DIGEST', expect.stringMatching(/SIZE/), 'KIND'],
      ['one', FIRST.sha256, expect.stringMatching(/kB$/), 'image'],
      [
        expect.stringMatching(/\.sig$/),
        SIGNATURE.sha256,
        '968 bytes',
        'artifact application/x.signature',
      ],
      ['v1', INDEX.sha256, '-', 'index of 2'],
      ['v2', NEXT.sha256, '-', 'index of 2'],
    ])
    const [one, , v1] = (await give('tag list team/app --json')).map((line) => JSON.parse(line))
    expect(one).toEqual({
      ...{ repository: 'team/app', tag: 'one', digest: FIRST.sha256, mediaType: OCI_MANIFEST },
      ...{ kind: 'image', size: expect.any(Number) },
    })
    expect(v1).toMatchObject({ platforms: ['linux/arm64/v8', 'linux/amd64'] })
    expect(said).toEqual([])
    await expect(give('tag list none')).rejects.toThrow('there is no repository none')
  })

  test('move, by tag or digest, and only from what it must be', async (t) => {
    const { give } = await openFilled(t)
    const move = (line: string) => give(`tag move team/app:stable ${line}`)
    expect(await move('v1 --from none')).toEqual([`team/app:stable is ${INDEX.sha256}, new`])
    expect(await move('v1')).toEqual([`team/app:stable is ${INDEX.sha256}, as before`])
    expect(await move(`${NEXT.sha256} --from ${INDEX.sha256}`)).toEqual([
      `team/app:stable is ${NEXT.sha256}, was ${INDEX.sha256}`,
    ])
    await expect(move(`v1 --from ${INDEX.sha256}`)).rejects.toThrow(
      `team/app:stable is ${NEXT.sha256}, not ${INDEX.sha256}`,
    )
    await expect(move('v1 --from none')).rejects.toThrow(`${NEXT.sha256}, not nothing`)
    await expect(give(`tag move team/app:none v1 --from ${INDEX.sha256}`)).rejects.toThrow(
      `team/app:none is not there, not ${INDEX.sha256}`,
    )
    const [json = ''] = await move('v1 --json')
    expect(JSON.parse(json)).toEqual({
      ...{ repository: 'team/app', tag: 'stable', digest: INDEX.sha256, was: NEXT.sha256 },
    })
    expect(await give('tag delete team/app:stable --yes --json')).toEqual([
      `{"repository":"team/app","tag":"stable","was":"${INDEX.sha256}"}`,
    ])
    await expect(move('v1 --from x')).rejects.toThrow('expected a digest, or none')
    await expect(move('v9')).rejects.toThrow('team/app has no manifest v9')
    await expect(give(`tag move team/app@${INDEX.sha256} v1`)).rejects.toThrow('is no tag')
  })

  test('an immutable one neither moves nor goes without --override', async (t) => {
    const { give, store } = await openFilled(t)
    const rules = { version: 1, immutable: [{ repositories: ['**'], tags: ['v*'] }] }
    await store.put(RETENTION_KEY, Buffer.from(JSON.stringify(rules)))
    await expect(give('tag move team/app:v1 v2')).rejects.toThrow('immutable')
    await expect(give('tag delete team/app:v1 --yes')).rejects.toThrow('immutable')
    await give('tag move team/app:v1 v2 --override')
    await give('tag delete team/app:v1 --yes --override')
    await expect(give('image inspect team/app:v1')).rejects.toThrow('there is no team/app:v1')
  })

  test('delete: none where one is not there, and what it pointed at stays', async (t) => {
    const { give, said } = await openFilled(t)
    await expect(give('tag delete team/app:v1 team/app:v9 --yes')).rejects.toThrow(
      'there is no team/app:v9',
    )
    await expect(give('tag delete team/app:v1')).rejects.toThrow('nobody can be asked here')
    expect(said).toEqual([`team/app:v1 goes; ${INDEX.sha256} stays.`])
    expect(await give('tag delete team/app:v1 team/app:v2 --yes')).toEqual([
      `team/app:v1 is deleted, was ${INDEX.sha256}`,
      `team/app:v2 is deleted, was ${NEXT.sha256}`,
    ])
    expect(await give(`image inspect team/app@${INDEX.sha256}`)).toContainEqual(
      'kind         index of 2',
    )
    await give('undelete team/app:v1')
    expect(await give('tag list team/app')).toHaveLength(4)
  })
})

describe('image', () => {
  let desk: Desk
  beforeEach(async (t) => {
    desk = await openFilled(t)
  })

  test('inspect', async () => {
    const lines = await desk.give('image inspect team/app:one')
    expect(lines.map((line) => line.trim())).toEqual([
      'image        team/app:one',
      `digest       ${FIRST.sha256}`,
      'kind         image',
      `type         ${OCI_MANIFEST}`,
      expect.stringMatching(/^size {9}\d\.\d kB$/),
      'created      2030-01-01T00:00:00Z',
      'platform     linux/arm64',
      'command      ["run"]',
      'env          A=1',
      'env          B=2',
      `referrer     ${SIGNATURE.sha256} application/x.signature`,
      '',
      expect.stringMatching(/^BLOB +SIZE {2}MADE BY$/),
      expect.stringMatching(new RegExp(`^${ONE.sha256} .* config$`)),
      expect.stringMatching(new RegExp(`^${BASE.sha256} .* ADD base$`)),
      expect.stringMatching(new RegExp(`^${OLD.sha256} .* RUN old$`)),
    ])
    expect(await desk.give('image inspect team/app:v1 --platform linux/arm64')).toContain(
      `digest       ${FIRST.sha256}`,
    )
    expect(await desk.give('image inspect team/app:v1 --raw')).toEqual([INDEX.bytes.toString()])
    expect((await desk.give('image inspect team/app:v1')).slice(-3)).toEqual([
      expect.stringMatching(/^PLATFORM +DIGEST +TYPE$/),
      `linux/arm64/v8  ${FIRST.sha256}  ${OCI_MANIFEST}`,
      `linux/amd64     ${AMD.sha256}  ${OCI_MANIFEST}`,
    ])
    const [json = ''] = await desk.give('image inspect team/app:one --json')
    expect(JSON.parse(json)).toMatchObject({
      ...{ repository: 'team/app', tag: 'one', digest: FIRST.sha256, kind: 'image' },
      config: { config: { Env: ['A=1', 'B=2'] } },
      referrers: [{ digest: SIGNATURE.sha256 }],
    })
    for (const [line, why] of [
      ['team/app:v9', 'there is no team/app:v9'],
      ['team/app', 'there is no team/app:latest'],
      ['team/app:v1 --platform linux/riscv64', 'it has linux/arm64/v8, linux/amd64'],
      ['team/app:v1 --platform arm64', 'expected OS/ARCHITECTURE'],
      ['Team', 'invalid repository name'],
    ] as const) {
      await expect(desk.give(`image inspect ${line}`)).rejects.toThrow(why)
    }
  })

  test('no line is of whoever pushed it', async () => {
    const send = await clientOf(desk.store)
    await pushAtOnce(send, 'team/app', FORGED)
    await pushManifest(send, 'team/app', 'forged', withConfig(FORGED, [BASE]))
    const lines = [
      ...(await desk.give('image inspect team/app:forged')),
      ...(await desk.give('image diff team/app:forged team/app:one')),
    ]
    expect(lines.filter((line) => /[\r\n]/.test(line))).toEqual([])
    expect(lines).toContain('label        a=x team/app:v1 is deleted')
  })

  test('tree', async () => {
    const [, ...lines] = (await desk.give('image tree team/app:v1')).map((line) =>
      line.replaceAll(/ {2}[\d.]+ (?:bytes|kB)/g, ''),
    )
    expect(lines).toEqual([
      `├── linux/arm64/v8  image  ${FIRST.sha256}`,
      `│   ├── config  ${ONE.sha256}`,
      `│   ├── layer  ${BASE.sha256}`,
      `│   ├── layer  ${OLD.sha256}`,
      `│   └── refers to it: artifact application/x.signature  ${SIGNATURE.sha256}`,
      `│       ├── config  ${CONFIG.sha256}`,
      `│       └── layer  ${OLD.sha256}`,
      `└── linux/amd64  image  ${AMD.sha256}`,
      `    ├── config  ${CONFIG.sha256}`,
      `    ├── layer  ${BASE.sha256}`,
      `    └── refers to it: artifact application/x.signature  ${AMD.sha256.replace(':', '-')}.sig  ${SIGNATURE.sha256}`,
      `        ├── config  ${CONFIG.sha256}`,
      `        └── layer  ${OLD.sha256}`,
    ])
    // A manifest that is listed, and not there, as in a copy of some platforms.
    const key = revisionLinkKey('team/app', AMD.sha256)
    await desk.store.delete([key])
    expect(await desk.give('image tree team/app:v1')).toContainEqual(
      `└── linux/amd64  manifest  missing  ${AMD.sha256}`,
    )
    const [json = ''] = await desk.give('image tree team/app:v1 --json')
    expect(JSON.parse(json)).toMatchObject({
      ...{ repository: 'team/app', digest: INDEX.sha256 },
      children: [{ platform: 'linux/arm64/v8', referrers: [{ digest: SIGNATURE.sha256 }] }, {}],
    })
  })

  test('diff', async () => {
    const expected = [
      '- env B=2',
      '+ env B=3',
      `  layer shared ${BASE.sha256} 2.0 kB`,
      `- layer ${OLD.sha256} 300 bytes`,
      `+ layer ${NEW.sha256} 4.0 kB`,
      '1 layer (2.0 kB) shared, 1 layer (300 bytes) removed, 1 layer (4.0 kB) added',
    ]
    expect(await desk.give('image diff team/app:v1 team/app:v2')).toEqual([
      `linux/arm64/v8: ${FIRST.sha256} and ${SECOND.sha256}`,
      ...expected,
      `linux/amd64: the same, ${AMD.sha256}`,
    ])
    const plain = `image diff team/app:one team/app@${SECOND.sha256}`
    expect(await desk.give(plain)).toEqual([
      `image: ${FIRST.sha256} and ${SECOND.sha256}`,
      ...expected,
    ])
    const [json = ''] = await desk.give(`${plain} --json`)
    expect(JSON.parse(json)).toMatchObject({
      ...{ first: FIRST.sha256, second: SECOND.sha256, same: false },
      layers: [{ in: 'both' }, { in: 'first' }, { in: 'second' }],
      settings: [
        { name: 'env', value: 'B=2', in: 'first' },
        { name: 'env', value: 'B=3', in: 'second' },
      ],
    })
    await expect(desk.give('image diff team/app:v1 team/app:one')).rejects.toThrow(
      'only one of them is an index',
    )
    expect(await desk.give('image diff team/app:v1 team/app:one --platform linux/arm64')).toEqual([
      `image: the same, ${FIRST.sha256}`,
    ])
  })
})
