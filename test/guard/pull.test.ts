/**
 * Pulls from repositories that give only signed images.
 *
 * @module
 */

import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { VALID_FOR } from '../../functions/guard/signed/verdict.ts'
import { OCI_INDEX } from '../../functions/registry/media-types.ts'
import { payloadOf as oldPayloadOf, signAs } from '../schema1/signers.ts'
import {
  CONFIG,
  CONFIG_TYPE,
  type Content,
  contentOf,
  descriptorOf,
  imageOf,
  indexOf,
} from '../support/hosts/content.ts'
import { clientOfApp, codeOf, expectStatus, plainApp, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { guarded } from './rig.ts'
import {
  BUNDLE,
  bundle,
  createSigner,
  pushBundle,
  pushImage,
  pushReferrer,
  pushSimple,
  SIMPLE_SIGNING,
  type Signer,
  simple,
  statementOf,
  tagOf,
} from './signing.ts'

const ALICE = createSigner()
const MALLORY = createSigner()
const NAME = 'prod/app'

const requiring = (more: object = {}, ...signers: Signer[]) => [
  {
    repositories: ['prod/**'],
    signed: { by: (signers.length ? signers : [ALICE]).map(({ pem }) => ({ key: pem })), ...more },
  },
]

const get = (send: Send, reference: string, name = NAME, method = 'GET') =>
  send(`${method} /v2/${name}/manifests/${reference}`)

const statusOf = async (send: Send, reference: string) => (await get(send, reference)).status

test('an image that nobody has signed is refused by tag and digest, GET and HEAD, and when it is unchanged', async (t) => {
  const { send, audited } = await guarded(t, requiring())
  const { sha256 } = await pushImage(send, NAME, 'v1')
  for (const reference of ['v1', sha256]) {
    const refused = await get(send, reference)
    expect([refused.status, codeOf(refused)]).toEqual([403, 'DENIED'])
    expect(refused.body.toString()).toContain(
      `the repository prod/app gives only images that are signed by those whom its policy names: ${sha256} has no signature: sign it`,
    )
    expect((await get(send, reference, NAME, 'HEAD')).status).toBe(403)
    const again = { 'If-None-Match': `"${sha256}"` }
    expect((await send(`GET /v2/${NAME}/manifests/${reference}`, undefined, again)).status).toBe(
      403,
    )
  }
  expect(audited).toHaveLength(6)
  expect(audited[0]).toMatchObject({
    event: 'guard',
    outcome: 'failed',
    what: `repository:prod/app:pull ${sha256}`,
    who: 'anonymous',
  })
  expect(await statusOf(send, 'none')).toBe(404)
  await pushImage(send, 'dev/app', 'v1')
  await expectStatus(200, get(send, 'v1', 'dev/app'))
  await expectStatus(200, send(`GET /v2/${NAME}/blobs/${CONFIG.sha256}`))
  await expectStatus(200, send(`GET /v2/${NAME}/tags/list`))
})

describe.each([
  [
    'cosign 2',
    (send: Send, { sha256 }: Content) => pushSimple(send, NAME, sha256, [simple(ALICE, sha256)]),
  ],
  [
    'cosign 2, beside others',
    (send: Send, { sha256 }: Content) =>
      pushSimple(send, NAME, sha256, [simple(MALLORY, sha256), simple(ALICE, sha256)]),
  ],
  ['cosign 3', (send: Send, image: Content) => pushBundle(send, NAME, image, ALICE)],
])('one that is signed by %s', (_, signWith) => {
  test('is given, and so is its signature', async (t) => {
    const { send, audited } = await guarded(t, requiring())
    const image = await pushImage(send, NAME, 'v1')
    expect(await statusOf(send, 'v1')).toBe(403)
    const signature = await signWith(send, image)
    for (const reference of ['v1', image.sha256, signature.sha256]) {
      expect([reference, await statusOf(send, reference)]).toEqual([reference, 200])
    }
    expect((await get(send, 'v1', NAME, 'HEAD')).status).toBe(200)
    expect(audited).toHaveLength(1)
  })
})

test("others' signatures are not accepted, and no error", async (t) => {
  const { send } = await guarded(t, requiring())
  const image = await pushImage(send, NAME, 'v1')
  const other = await pushImage(send, NAME, 'v2', 'another layer')
  await pushSimple(send, NAME, image.sha256, [
    simple(MALLORY, image.sha256),
    simple(ALICE, other.sha256),
    { payload: Buffer.from('junk'), signature: 'junk' },
  ])
  await pushBundle(send, NAME, image, MALLORY)
  const wrong: readonly Uint8Array[] = [
    Buffer.from('junk'),
    bundle(ALICE, statementOf(other.sha256)),
    bundle(ALICE, statementOf(image.sha256, { predicateType: 'https://slsa.dev/provenance/v1' })),
  ]
  for (const each of wrong) await pushReferrer(send, NAME, image, [BUNDLE, each])
  const refused = await get(send, 'v1')
  expect(refused.status).toBe(403)
  expect(refused.body.toString()).toContain('no valid signature by these, but 7 of others')
  await pushBundle(send, NAME, image, ALICE)
  expect([await statusOf(send, 'v1'), await statusOf(send, 'v2')]).toEqual([200, 403])
})

test('SBOMs and attestations pass, images that look like them do not', async (t) => {
  const { send } = await guarded(t, requiring())
  const image = await pushImage(send, NAME, 'v1')
  const sbom = await pushReferrer(send, NAME, image, ['application/spdx+json', Buffer.from('{}')])
  expect(await statusOf(send, sbom.sha256)).toBe(200)
  const layer = contentOf(Buffer.from('1f8b0800', 'hex'))
  await pushAtOnce(send, NAME, layer)
  const chart = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'
  const forged = [
    // docker would unpack it, whatever its type.
    imageOf([], { layers: [descriptorOf(SIMPLE_SIGNING, layer)] }),
    imageOf([layer], { artifactType: BUNDLE, subject: descriptorOf(CONFIG_TYPE, image) }),
    imageOf([], { layers: [], artifactType: BUNDLE }),
    imageOf([], {
      config: descriptorOf('application/vnd.cncf.helm.config.v1+json', CONFIG),
      layers: [descriptorOf(chart, layer)],
      subject: descriptorOf(CONFIG_TYPE, image),
    }),
  ]
  for (const each of forged) {
    await pushManifest(send, NAME, each.sha256, each)
    expect(await statusOf(send, each.sha256)).toBe(403)
  }
})

describe('an index', () => {
  const opened = async (t: Parameters<typeof guarded>[0]) => {
    const rig = await guarded(t, requiring())
    const { send } = rig
    const image = await pushImage(send, NAME, 'alone')
    await expectStatus(202, send(`DELETE /v2/${NAME}/manifests/alone`))
    const index = indexOf([image])
    const outer = indexOf([], { manifests: [descriptorOf(OCI_INDEX, index)] })
    await pushManifest(send, NAME, 'v1', index, OCI_INDEX)
    await pushManifest(send, NAME, 'all', outer, OCI_INDEX)
    return { ...rig, image, index, outer }
  }
  const all = (send: Send, ...contents: Content[]) =>
    Promise.all(contents.map(({ sha256 }) => statusOf(send, sha256)))

  test('vouches for its images, also where it was not pulled', async (t) => {
    const { send, image, index, outer } = await opened(t)
    expect(await all(send, image, index, outer)).toEqual([403, 403, 403])
    await pushBundle(send, NAME, index, ALICE)
    expect(await all(send, image, index, outer)).toEqual([200, 200, 403])
  })

  test('vouches for those in another index', async (t) => {
    const { send, image, index, outer } = await opened(t)
    await pushBundle(send, NAME, outer, ALICE)
    expect(await all(send, image, index, outer)).toEqual([200, 200, 200])
  })

  test('is not signed by its images', async (t) => {
    const { send, image, index } = await opened(t)
    await pushBundle(send, NAME, image, ALICE)
    expect(await all(send, image, index)).toEqual([200, 403])
  })

  test('vouches no longer once it is gone', async (t) => {
    const { send, image, index, outer, pass } = await opened(t)
    await pushBundle(send, NAME, index, ALICE)
    expect(await all(send, image)).toEqual([200])
    for (const { sha256 } of [outer, index]) {
      await expectStatus(202, send(`DELETE /v2/${NAME}/manifests/${sha256}`))
    }
    pass(VALID_FOR + 1)
    expect(await all(send, image)).toEqual([403])
  })
})

test('a key that is removed ends it at once, one that is added begins it', async (t) => {
  const { send, require } = await guarded(t, requiring())
  const image = await pushImage(send, NAME, 'v1')
  await pushBundle(send, NAME, image, ALICE)
  expect(await statusOf(send, 'v1')).toBe(200)
  require(requiring({}, MALLORY))
  expect(await statusOf(send, 'v1')).toBe(403)
  require(requiring({}, MALLORY, ALICE))
  expect(await statusOf(send, 'v1')).toBe(200)
})

test('a signature that was found is remembered for a time', async (t) => {
  const { send, pass } = await guarded(t, requiring())
  const { sha256 } = await pushImage(send, NAME, 'v1')
  await pushSimple(send, NAME, sha256, [simple(ALICE, sha256)])
  expect(await statusOf(send, 'v1')).toBe(200)
  await expectStatus(202, send(`DELETE /v2/${NAME}/manifests/${tagOf(sha256)}`))
  pass(VALID_FOR - 1000)
  expect(await statusOf(send, 'v1')).toBe(200)
  pass(2000)
  expect(await statusOf(send, 'v1')).toBe(403)
})

test('who is excepted pulls what is to be signed', async (t) => {
  const { send } = await guarded(t, requiring({ except: ['user:signer'] }))
  await pushImage(send, NAME, 'v1')
  const as = (user: string) => ({
    Authorization: `Basic ${Buffer.from(`${user}:x`).toString('base64')}`,
  })
  for (const [user, status] of [
    ['signer', 200],
    ['alice', 403],
  ] as const) {
    const answer = await send(`GET /v2/${NAME}/manifests/v1`, undefined, as(user))
    expect([user, answer.status]).toEqual([user, status])
  }
})

test('with the effect report it is given, and the audit trail says what would be', async (t) => {
  const [entry] = requiring()
  const { send, audited, counted } = await guarded(t, [{ ...entry, effect: 'report' }])
  await pushImage(send, NAME, 'v1')
  expect(await statusOf(send, 'v1')).toBe(200)
  expect(counted).toEqual(['pull reported'])
  expect(audited).toMatchObject([
    { event: 'guard', outcome: 'ok', why: expect.stringMatching(/^would be refused: the repo/) },
  ])
})

test('of several entries that match, each holds', async (t) => {
  const { send } = await guarded(t, [...requiring({}, ALICE), ...requiring({}, MALLORY)])
  const image = await pushImage(send, NAME, 'v1')
  await pushBundle(send, NAME, image, ALICE)
  expect(await statusOf(send, 'v1')).toBe(403)
  await pushBundle(send, NAME, image, MALLORY)
  expect(await statusOf(send, 'v1')).toBe(200)
})

test('a manifest of schema 1 is signed by itself', async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const { send, require } = await guarded(t, requiring({}, { pem, sign: () => Buffer.alloc(0) }))
  const layer = contentOf('a layer')
  await pushAtOnce(send, NAME, layer)
  const text = signAs(oldPayloadOf(NAME, 'v1', [layer.sha256]), {
    key: privateKey,
    publicKey,
    alg: 'ES256',
    hash: 'sha256',
  })
  await expectStatus(201, send(`PUT /v2/${NAME}/manifests/v1`, Buffer.from(text)))
  expect(await statusOf(send, 'v1')).toBe(200)
  require(requiring())
  expect(await statusOf(send, 'v1')).toBe(403)
})

test('where nothing can look, nothing is given', async (t) => {
  const { send, registry, required } = await guarded(t, requiring())
  await pushImage(send, NAME, 'v1')
  const app = plainApp(registry, { authorizer: required })
  expect((await get(clientOfApp(app), 'v1')).status).toBe(500)
})
