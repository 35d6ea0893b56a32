/**
 * What is known of tags beside what they point at: who has set them, whether they are signed, and when they were pulled.
 *
 * @module
 */

import { beforeAll, describe, expect, test } from 'vitest'
import { type Authorizer, openAuthorizer } from '../../functions/auth/authorizer.ts'
import { MOST_CALLS } from '../../functions/page/tags.ts'
import { pulledKey, tagLinkKey } from '../../functions/registry/layout.ts'
import { writeLink } from '../../functions/registry/links.ts'

import { recordPulls, sayRecorded } from '../../functions/registry/pulls/record.ts'
import { pusherIn, writtenPusher } from '../../functions/registry/pusher.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { meter } from '../budgets/measure.ts'
import { CONFIG, type Content, descriptorOf, imageOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'

const { s3, store, open } = await meter()

/** An open registry, but for a name. */
const named = (name: string): Authorizer => ({
  ...openAuthorizer,
  identify: async (credentials) => ({
    ...(await openAuthorizer.identify(credentials)),
    identity: { kind: 'user', name, groups: [], claims: {} },
  }),
})

const alice = await open({ authorizer: named('alice') })
const SIGSTORE = 'application/vnd.dev.sigstore.bundle.v0.3+json'

const manifestOf = (is: string) => imageOf([], { annotations: { is } })

const page = async (send: Send, name = 'app', query = '') => {
  const { body } = await expectStatus(200, send(`GET /api/v1/tags/${name}${query}`))
  return JSON.parse(body.toString())
}

/** Asks until all is known; each request within its bounds. */
const whole = async (send: Send, name = 'app', query = '') => {
  for (let requests = 1; ; requests++) {
    s3.counter.reset()
    const shown = await page(send, name, query)
    const calls = Object.values(s3.counter.counts).reduce((sum, each) => sum + each, 0)
    expect(calls).toBeLessThanOrEqual(MOST_CALLS)
    if (shown.complete) return { ...shown, requests }
    expect(requests).toBeLessThan(10)
  }
}

const attach = async (send: Send, subject: Content, artifactType: string, more: object = {}) => {
  const referrer = imageOf([], { artifactType, subject: descriptorOf(SUBJECT, subject), ...more })
  await pushManifest(send, 'app', referrer.sha256, referrer)
  return referrer
}
const SUBJECT = 'application/vnd.oci.image.manifest.v1+json'

beforeAll(async () => {
  await pushAtOnce(alice, 'app', CONFIG)
})

describe('who has set a tag', () => {
  test('is in its link, and shown to those who have a name', async () => {
    const bob = await open({ authorizer: named('bób+ci') })
    await pushManifest(alice, 'app', 'mine', manifestOf('mine'))
    await pushManifest(bob, 'app', 'his', manifestOf('his'))
    await pushManifest(await open(), 'app', 'whose', manifestOf('whose'))
    await writeLink(store, tagLinkKey('app', 'old'), manifestOf('mine').sha256)
    const { tags } = await whole(alice)
    const by = tags.map(({ tag, by }: { tag: string; by?: string }) => [tag, by])
    expect(by).toEqual([
      ['his', 'user:bób+ci'],
      ['mine', 'user:alice'],
      ['old', undefined],
      ['whose', undefined],
    ])
    const others = await whole(await open())
    expect(others.tags.some((each: object) => 'by' in each)).toBe(false)
  })

  test('is another, where the same manifest is tagged again', async () => {
    const carol = await open({ authorizer: named('carol') })
    await whole(carol, 'app', '?begins=mine')
    // Of the same second the first who was seen stays.
    const { info } = (await store.get(tagLinkKey('app', 'mine')))!
    const second = () => Math.floor(Date.now() / 1000)
    while (second() <= Math.floor(info.modified.getTime() / 1000)) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await pushManifest(carol, 'app', 'mine', manifestOf('mine'))
    expect((await whole(carol, 'app', '?begins=mine')).tags[0].by).toBe('user:carol')
  })

  test.each(['alice', 'user:ann lee', 'token:https://issuer.example/~ü', 'x\ud800'])(
    '%j is ASCII in metadata, and itself again',
    (name) => {
      const written = writtenPusher(name)
      expect(written).toMatch(/^[\x21-\x7e]+$/)
      expect(pusherIn(written)).toBe(name.toWellFormed())
    },
  )

  test('is left out where it does not fit, and where it cannot be read', () => {
    expect(writtenPusher('x'.repeat(600))).toBe(undefined)
    expect(writtenPusher('')).toBe(undefined)
    expect(pusherIn('%')).toBe(undefined)
  })

  test('is unknown on files, which takes no call more', async (t) => {
    const files = await openFiles()
    t.onTestFinished(files.close)
    const send = await clientOf(files.store, { authorizer: named('alice') })
    await pushAtOnce(send, 'app', CONFIG)
    await pushManifest(send, 'app', 'v1', manifestOf('v1'))
    let heads = 0
    const counted: ObjectStore = {
      ...files.store,
      head: (key) => {
        heads += key === tagLinkKey('app', 'v1') ? 1 : 0
        return files.store.head(key)
      },
    }
    const shown = await page(await clientOf(counted, { authorizer: named('alice') }))
    expect([shown.complete, shown.tags[0].by, heads]).toEqual([true, undefined, 0])
  })
})

describe('signatures', () => {
  const signed = async (name: string): Promise<unknown> =>
    (await whole(await open(), 'app', `?begins=${name}`)).tags[0].signed

  test.each([
    ['none', undefined, false],
    ['of-cosign-2', 'application/vnd.dev.cosign.artifact.sig.v1+json', true],
    ['of-notation', 'application/vnd.cncf.notary.signature', true],
    ['sbom', 'application/spdx+json', false],
  ])('by referrers: %s', async (tag, type, is) => {
    const image = manifestOf(`signed ${tag}`)
    await pushManifest(alice, 'app', tag, image)
    if (type !== undefined) await attach(alice, image, type)
    expect(await signed(tag)).toBe(is)
  })

  test('by a bundle of sigstore, but not where it is an attestation', async () => {
    for (const [tag, content, is] of [
      ['bundle', 'message-signature', true],
      ['attested', 'dsse-envelope', false],
    ] as const) {
      const image = manifestOf(tag)
      await pushManifest(alice, 'app', tag, image)
      const annotations = { 'dev.sigstore.bundle.content': content }
      await attach(alice, image, SIGSTORE, { annotations })
      expect([tag, await signed(tag)]).toEqual([tag, is])
    }
  })

  test("by cosign's tag", async () => {
    const image = manifestOf('cosign 1')
    await pushManifest(alice, 'app', 'cosign-1', image)
    expect(await signed('cosign-1')).toBe(false)
    const tag = `${image.sha256.replace(':', '-')}.sig`
    await pushManifest(alice, 'app', tag, manifestOf('a signature'))
    expect(await signed('cosign-1')).toBe(true)
  })

  test('one that was deleted is none', async () => {
    const image = manifestOf('was signed')
    await pushManifest(alice, 'app', 'was-signed', image)
    const referrer = await attach(alice, image, 'application/vnd.cncf.notary.signature')
    expect(await signed('was-signed')).toBe(true)
    await expectStatus(202, alice(`DELETE /v2/app/manifests/${referrer.sha256}`))
    expect(await signed('was-signed')).toBe(false)
  })

  test('where there are more than a listing has', async () => {
    const [last, none] = [manifestOf('last of many'), manifestOf('none of many')]
    const many = Array.from({ length: 1000 }, (_, at) => at.toString(16).padStart(64, '0'))
    await pushAtOnce(alice, 'many', CONFIG)
    for (const each of [last, none]) await pushManifest(alice, 'many', each.sha256.slice(-5), each)
    await Promise.all(
      many.map((hex) => writeLink(store, tagLinkKey('many', `sha256-${hex}.sig`), last.sha256)),
    )
    await pushManifest(alice, 'many', `${last.sha256.replace(':', '-')}.sig`, manifestOf('sig'))
    for (const [{ sha256 }, is] of [
      [last, true],
      [none, false],
    ] as const) {
      const { tags } = await whole(await open(), 'many', `?begins=${sha256.slice(-5)}`)
      expect(tags[0].signed).toBe(is)
    }
  })

  test('fifty signed tags are known after some requests, and then cost a listing', async () => {
    const began = Date.now()
    const send = await open({ now: () => began })
    await pushAtOnce(alice, 'full', CONFIG)
    for (let at = 0; at < 50; at++) {
      const image = manifestOf(`full ${at}`)
      await pushManifest(alice, 'full', `v${at}`, image)
      const referrer = imageOf([], {
        artifactType: 'application/vnd.cncf.notary.signature',
        subject: descriptorOf(SUBJECT, image),
      })
      await pushManifest(alice, 'full', referrer.sha256, referrer)
    }
    const { tags, requests } = await whole(send, 'full')
    expect([tags.length, tags.every(({ signed }: { signed: boolean }) => signed)]).toEqual([
      50,
      true,
    ])
    expect(requests).toBeLessThanOrEqual(5)
    s3.counter.reset()
    await page(send, 'full')
    expect(s3.counter.counts).toEqual({ ListObjectsV2: 1 })
  })
})

describe('pulls', () => {
  test('are unknown where they are not recorded', async () => {
    const { tags, pullsSince } = await whole(await open(), 'app', '?begins=mine')
    expect([tags[0].pulled, pullsSince]).toEqual([undefined, undefined])
  })

  test('the last one, and since when there would be one', async () => {
    const now = Date.now()
    const { sha256 } = manifestOf('mine')
    await sayRecorded(store, now)
    await recordPulls(store, [{ repository: 'app', digest: sha256 }], now)
    const shown = await whole(await open(), 'app', '?begins=mine')
    const { modified } = (await store.head(pulledKey('app', sha256)))!
    const said = Date.parse(shown.tags[0].pulled)
    expect(Math.abs(said - modified.getTime())).toBeLessThan(1000)
    expect(shown.pullsSince).toBe(new Date(now).toISOString())
    const other = await whole(await open(), 'app', '?begins=none')
    expect(other.tags[0].pulled).toBe(undefined)
  })

  test('of more manifests than a listing has', async () => {
    const digests = Array.from(
      { length: 1000 },
      (_, at) => `sha256:${at.toString(16).padStart(64, '0')}`,
    )
    const { sha256 } = manifestOf('last of many')
    await Promise.all(
      [...digests, sha256].map((digest) => store.put(pulledKey('many', digest), new Uint8Array())),
    )
    const shown = await whole(await open(), 'many', `?begins=${sha256.slice(-5)}`)
    expect(typeof shown.tags[0].pulled).toBe('string')
    const none = manifestOf('none of many').sha256
    const other = await whole(await open(), 'many', `?begins=${none.slice(-5)}`)
    expect(other.tags[0].pulled).toBe(undefined)
  })
})
