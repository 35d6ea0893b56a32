/**
 * `slipway retention`.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'vitest'
import { readDocument } from '../../functions/auth/document.ts'
import { CommandError, UsageError } from '../../functions/cli/errors.ts'
import { RETENTION_KEY } from '../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { recordPulls, sayRecorded } from '../../functions/registry/pulls/record.ts'
import { CONFIG, type Content, descriptorOf, imageOf, indexOf } from '../support/hosts/content.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'
import { openDesk } from './desk.ts'

const open = async (t: TestContext) => {
  const desk = await openDesk(t, openFiles)
  return { store: desk.store, desk, give: desk.give, said: () => desk.said.join('\n') }
}

const mistake = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof CommandError || error instanceof UsageError, String(error))
  assert.match(error.message, message)
  return true
}

describe('the rules on tags', () => {
  it('are checked, set and shown', async (t) => {
    const { store, desk, give, said } = await open(t)
    await assert.rejects(give('retention show'), mistake(/there are no rules/))
    desk.files.good = '# mine\nversion: 1\nimmutable:\n  - repositories: [a]\n'
    desk.files.bad = 'version: 1\nrules:\n  - name: x\n    repositories: [A]\n'
    await give('retention check good')
    assert.match(said(), /has 1 rule on immutable tags and 0 rules on what stays/)
    assert.equal(await readDocument(store, RETENTION_KEY), undefined)
    await give('retention set good')
    assert.match(said(), /It is set/)
    await give('retention set good')
    assert.match(said(), /set already/)
    for (const verb of ['check', 'set']) {
      await assert.rejects(give(`retention ${verb} bad`), {
        name: 'DocumentError',
        message: /line 4, .*"A" is not allowed in a repository name/,
      })
    }
    assert.deepEqual(await give('retention show'), [desk.files.good.trimEnd()])
  })

  it('are tried without a change', async (t) => {
    const { store, desk, give, said } = await open(t)
    await assert.rejects(give('retention preview'), mistake(/there are no rules/))
    const send = await clientOf(store)
    await pushAtOnce(send, 'app', CONFIG)
    const [tagged, child, bare] = ['tagged', 'child', 'bare'].map((is) =>
      imageOf([], { annotations: { is } }),
    ) as [Content, Content, Content]
    await pushManifest(send, 'app', 'v1', tagged)
    await pushManifest(send, 'app', 'latest', tagged)
    for (const each of [child, bare]) await pushManifest(send, 'app', each.sha256, each)
    const subject = descriptorOf(OCI_MANIFEST, tagged)
    const signature = imageOf([], { subject })
    await pushManifest(send, 'app', signature.sha256, signature)
    await pushManifest(send, 'app', 'index', indexOf([child]), OCI_INDEX)
    const deleted = imageOf([], { annotations: { is: 'deleted' } })
    await pushManifest(send, 'app', deleted.sha256, deleted)
    await send(`DELETE /v2/app/manifests/${deleted.sha256}`)
    desk.files.rules = JSON.stringify({
      version: 1,
      immutable: [{ repositories: ['app'], tags: ['v*'] }],
      rules: [
        { name: 'all', repositories: ['**'], tags: ['*'], remove: 'always' },
        { name: 'bare', repositories: ['**'], untagged: true, remove: 'always' },
        { name: 'index', repositories: ['**'], tags: ['index'], keep: 'always' },
      ],
    })
    const before = (await store.list('')).objects
    const index = indexOf([child])
    const bytes = ({ bytes: { byteLength } }: Content): string => `${byteLength} bytes`
    const listed = `${index.bytes.byteLength + child.bytes.byteLength} bytes`
    const stays = [
      `stays\tapp:index\t${index.sha256}\t${listed}\tindex, though all`,
      `stays\tapp:v1\t${tagged.sha256}\t${bytes(tagged)}\t(immutable), though all`,
    ]
    const goes = [
      `goes\tapp:latest\t${tagged.sha256}\t${bytes(tagged)}\tall`,
      `goes\tapp@${bare.sha256}\t${bare.sha256}\t${bytes(bare)}\tbare`,
    ]
    desk.clock.pass(Date.now() - desk.clock.now())
    const young = await give('retention preview --file rules')
    assert.deepEqual(
      young.map((line) => line.replace(/, after \d{4}-.*Z$/, '')).sort(),
      [...goes, ...stays].sort(),
    )
    assert.equal(young.filter((line) => line.includes(', after ')).length, 2)
    desk.clock.pass(3 * 86_400_000)
    const shown = await give('retention preview --file rules')
    assert.deepEqual(shown.toSorted(), [...goes, ...stays].sort())
    assert.match(said(), /2 tags and manifests would go. Nothing was changed/)
    // The bare one, and what was deleted.
    const free = bare.bytes.byteLength
    const more = free + deleted.bytes.byteLength
    assert.match(
      said(),
      new RegExp(`${free} bytes come free .* 20 days after .* it is ${more} bytes, 6 days after`),
    )
    assert.deepEqual((await store.list('')).objects, before)
    assert.deepEqual(await give('retention preview other --file rules'), [])
  })

  it('go by the pulls that are recorded', async (t) => {
    const { store, desk, give, said } = await open(t)
    const send = await clientOf(store)
    await pushAtOnce(send, 'app', CONFIG)
    const [used, unused] = ['used', 'unused'].map((is) => imageOf([], { annotations: { is } })) as [
      Content,
      Content,
    ]
    await pushManifest(send, 'app', 'used', used)
    await pushManifest(send, 'app', 'unused', unused)
    const remove = { notPulledFor: '30d' }
    desk.files.rules = JSON.stringify({
      version: 1,
      rules: [{ name: 'old', repositories: ['**'], tags: ['*'], remove }],
    })
    const days = (count: number) => Date.now() + count * 86_400_000
    const preview = async (at: number): Promise<string[]> => {
      desk.clock.pass(at - desk.clock.now())
      const lines = await give('retention preview --file rules')
      return lines.map((line) => line.split('\t')[1] ?? '')
    }
    assert.deepEqual(await preview(days(40)), [])
    assert.match(said(), /Pulls are not recorded, so that everything counts as pulled/)
    // Since before the pushes, and on and on.
    for (let at = -9; at <= 40; at += 2) await sayRecorded(store, days(at))
    assert.deepEqual(await preview(days(40)), ['app:unused', 'app:used'])
    assert.match(said(), /Pulls are recorded since .*; everything counts as pulled then/)
    await recordPulls(store, [{ repository: 'app', digest: used.sha256 }], days(0))
    assert.deepEqual(await preview(days(40)), ['app:unused', 'app:used'])
    assert.deepEqual(await preview(days(30.5)), ['app:unused'])
    assert.deepEqual(await preview(days(29)), [])
  })

  it('are made of a lifecycle policy', async (t) => {
    const { desk, give } = await open(t)
    const selection = { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days' }
    const action = { type: 'expire' }
    desk.files.ecr = JSON.stringify({
      rules: [{ rulePriority: 1, selection: { ...selection, countNumber: 14 }, action }],
    })
    const [text = ''] = await give('retention import ecr ecr --repositories app,team/**')
    assert.match(text, /repositories:\n\s+- app\n\s+- team\/\*\*\n\s+untagged: true/)
    desk.files.rules = text
    await give('retention set rules')
    await assert.rejects(give('retention import quay ecr'), mistake(/expected ecr, harbor, zot/))
  })

  it('are made of the policies of others, and tried', async (t) => {
    const { store, desk, give, said } = await open(t)
    const send = await clientOf(store)
    await pushAtOnce(send, 'team/app', CONFIG)
    for (const tag of ['v1', 'v2', 'dev-1']) {
      const image = imageOf([], { annotations: { is: tag } })
      await pushManifest(send, 'team/app', tag, image)
    }
    desk.files.harbor = JSON.stringify({
      algorithm: 'or',
      rules: [
        {
          template: 'always',
          params: {},
          tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '{v1,v?}' }],
          scope_selectors: {
            repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }],
          },
        },
      ],
    })
    desk.files.zot = JSON.stringify({
      storage: {
        retention: { policies: [{ repositories: ['**'], keepTags: [{ patterns: ['1$'] }] }] },
      },
    })
    await assert.rejects(give('retention import harbor harbor'), { message: /is not a project/ })
    for (const [command, warning, gone] of [
      ['harbor harbor --repositories team/**', /rule 1: the tags "{v1,v\?}" cannot/, ['dev-1']],
      ['zot zot', /policy 1: it keeps referrers/, ['v2']],
    ] as const) {
      const [text = ''] = await give(`retention import ${command}`)
      assert.match(said(), warning)
      desk.files.rules = text
      const lines = await give('retention preview --file rules')
      const going = lines.filter((line) => line.startsWith('goes'))
      assert.deepEqual(
        going.map((line) => line.split('\t')[1]),
        gone.map((tag) => `team/app:${tag}`),
      )
    }
    await assert.rejects(
      give('retention import zot zot --repositories team/**'),
      mistake(/--repositories is not for zot/),
    )
  })
})
