/**
 * Nobody learns of a repository that they may not pull: the response is the same, byte for byte, as for
 * one that does not exist.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { CONFIG, imageOf, indexOf } from '../support/hosts/content.ts'
import type { Answer, Sent } from '../support/hosts/host.ts'
import { ENDPOINTS, IMAGE } from './endpoints.ts'
import { basic, bearer, foreignToken, sharedRig, tokenFor } from './rig.ts'

/** Of the same length, so that not even a Content-Length differs. */
const THERE = 'secret/has-it'
const NOT_THERE = 'secret/has-no'

const shared = sharedRig({
  users: { alice: 'right horse', pusher: 'battery', deleter: 'staple' },
  foreign: true,
  images: [THERE, 'public/a'],
  policy: [
    { who: ['user:pusher'], repositories: ['secret/*'], actions: ['push'] },
    { who: ['user:deleter'], repositories: ['secret/*'], actions: ['delete'] },
    { who: ['anonymous', 'authenticated'], repositories: ['public/a'], actions: ['pull'] },
    { who: ['user:alice'], repositories: ['mine'], actions: ['*'] },
  ],
})
const ALICE = basic('alice', 'right horse')

type Shows = (name: string) => Promise<string | undefined>
const CALLERS: readonly (readonly [string, Shows])[] = [
  ['nothing shown', async () => undefined],
  ['an anonymous token', (name) => tokenFor(shared(), undefined, `repository:${name}:pull`)],
  ['Basic', async () => ALICE],
  ['a token', (name) => tokenFor(shared(), ALICE, `repository:${name}:pull,push,delete`)],
  ['an empty name', async () => basic('', 'x')],
  ['a bad token', async () => bearer('nonsense')],
  ["another issuer's token", async () => bearer(foreignToken(shared().clock.now(), {}))],
  [
    "another issuer's token with access",
    async () => bearer(foreignToken(shared().clock.now(), { access: [] })),
  ],
]

/** Headers that make servers respond from caches. */
const CONDITIONS: readonly Sent['headers'][] = [
  {},
  { 'If-None-Match': `"${IMAGE.sha256}", "${CONFIG.sha256}"` },
  { 'If-None-Match': '*' },
  { 'If-Match': '*' },
  { Range: 'bytes=0-0' },
  { Range: 'bytes=9999999-' },
  { 'If-Range': `"${CONFIG.sha256}"`, Range: 'bytes=1-2' },
  { Accept: 'application/vnd.oci.image.manifest.v1+json' },
  { Expect: '' },
]

/** A response without what differs every time. */
const shown = ({ status, headers, body }: Answer, name: string): string =>
  JSON.stringify([
    status,
    [...headers].filter(([header]) => header !== 'date'),
    body.toString('latin1'),
  ]).replaceAll(new RegExp(name.slice(-6), 'gi'), '<name>')

/** The responses to the same request for both. */
const bothAnswers = async (
  request: (name: string) => string,
  shows: Shows,
  more: Pick<Sent, 'headers' | 'body'> = {},
): Promise<[Answer, Answer]> => {
  const answers: Answer[] = []
  for (const name of [THERE, NOT_THERE]) {
    const headers = { ...more.headers, 'X-Request-Id': 'same-for-both' }
    const as = await shows(name)
    answers.push(await shared().send(request(name), { ...more, headers, as }))
  }
  return answers as [Answer, Answer]
}

for (const [description, shows] of CALLERS) {
  describe(description, () => {
    for (const { method, target, more } of ENDPOINTS) {
      test(`${method} ${target('<name>')}`, async () => {
        for (const condition of CONDITIONS) {
          const headers = { ...more?.headers, ...condition }
          const request = (name: string) => `${method} ${target(name)}`
          const [there, not] = await bothAnswers(request, shows, { ...more, headers })
          assert.ok([401, 403].includes(there.status), `${there.status}`)
          assert.equal(shown(there, THERE), shown(not, NOT_THERE))
        }
      })
    }
  })
}

/** Requests that no endpoint takes, or with unusual spellings of names. */
const ODD: readonly ((name: string) => string)[] = [
  (name) => `PATCH /v2/${name}/manifests/v1`,
  (name) => `POST /v2/${name}/manifests/v1`,
  (name) => `PUT /v2/${name}/blobs/${CONFIG.sha256}`,
  (name) => `POST /v2/${name}/tags/list`,
  (name) => `OPTIONS /v2/${name}/tags/list`,
  (name) => `GET /v2/${name}/blobs/uploads/`,
  (name) => `GET /v2/${name}/manifests/-bad-`,
  (name) => `GET /v2/${name}/blobs/sha256:bad`,
  (name) => `GET /v2/${name}/tags/list?n=bad`,
  (name) => `GET /v2/${name}/tags/list?n=1&last=v0`,
  (name) => `GET /v2/${name}/tags/list/`,
  (name) => `GET /v2/${name}`,
  (name) => `GET /v2/${name}/`,
  (name) => `GET //v2/${name}/tags/list`,
  (name) => `GET /v2//${name}/tags/list`,
  (name) => `GET /V2/${name}/tags/list`,
  (name) => `GET /v2/${name.toUpperCase()}/tags/list`,
  (name) => `GET /v2/${name.replace('/', '%2F')}/tags/list`,
  (name) => `GET /v2/${name.replace('s', '%73')}/tags/list`,
  (name) => `GET /v2/${name.replace('s', '%2573')}/tags/list`,
  (name) => `GET /v2/${name}%00/tags/list`,
  (name) => `GET /v2/public%2F..%2F${name}/tags/list`,
  (name) => `GET /v2/${name}/referrers/${IMAGE.sha256}?artifactType=x`,
  (name) => `GET /v2/_catalog?last=${name}&n=1`,
  (name) => `DELETE /v2/${name}/manifests/v1`,
  (name) => `POST /v2/${name}/blobs/uploads/?mount=${CONFIG.sha256}&from=${name}`,
  (name) => `POST /v2/${name}/blobs/uploads/?mount=bad`,
  (name) => `POST /v2/${name}/blobs/uploads/?digest=bad`,
]

describe('requests out of the ordinary', () => {
  for (const request of ODD) {
    test(request('<name>'), async () => {
      for (const [description, shows] of CALLERS) {
        const [there, not] = await bothAnswers(request, shows)
        assert.equal(shown(there, THERE), shown(not, NOT_THERE), description)
        assert.ok(there.status >= 400 || request('').includes('_catalog'), description)
      }
    })
  }

  test('no spelling of a private name reveals its tags', async () => {
    for (const request of ODD) {
      const { status, body } = await shared().send(request(THERE), { as: ALICE })
      assert.ok(!body.includes('"v1"'), `${request(THERE)}: ${status} ${body}`)
    }
  })
})

describe('callers who may do other things to it', () => {
  const rows: readonly (readonly [string, string, (name: string) => boolean])[] = [
    ['pusher', 'battery', (line) => !line.includes('uploads') && /^(GET|HEAD|DELETE)/.test(line)],
    ['deleter', 'staple', (line) => !line.startsWith('DELETE')],
  ]
  for (const [name, password, mayNot] of rows) {
    test(`${name}: what it may not do reveals nothing`, async () => {
      const lines = ENDPOINTS.filter(({ method }) => mayNot(`${method} `))
      assert.ok(lines.length > 5)
      for (const { method, target, action, more } of lines) {
        if (name === 'pusher' && action === 'push') continue
        const request = (repository: string) => `${method} ${target(repository)}`
        const [there, not] = await bothAnswers(request, async () => basic(name, password), more)
        assert.equal(there.status, 403, request(THERE))
        assert.equal(shown(there, THERE), shown(not, NOT_THERE))
      }
    })
  }
})

describe('from a repository of the caller', () => {
  const MISSING = `sha256:${'0'.repeat(64)}`

  test('a manifest that names content of a private repository', async () => {
    const other = imageOf([], { annotations: { a: 'b' } })
    for (const [type, content, absent] of [
      ['application/vnd.oci.image.manifest.v1+json', IMAGE.bytes, other.bytes],
      ['application/vnd.oci.image.index.v1+json', indexOf([IMAGE]).bytes, indexOf([other]).bytes],
    ] as const) {
      const headers = { 'Content-Type': type, 'X-Request-Id': 'same-for-both' }
      const push = (body: Buffer) =>
        shared().send('PUT /v2/mine/manifests/v1', { as: ALICE, headers, body })
      const held = Buffer.from(content.toString())
      const [there, not] = [
        await push(held),
        await push(Buffer.from(absent.toString().replace(CONFIG.sha256, MISSING))),
      ]
      assert.equal(there.status, not.status)
      assert.ok([400, 404].includes(there.status), `${there.status} ${there.body}`)
      const neutral = (answer: Answer) => shown(answer, 'mine').replaceAll(/[0-9a-f]{64}/g, '<hex>')
      assert.equal(neutral(there), neutral(not))
    }
  })

  for (const path of [`blobs/${CONFIG.sha256}`, `manifests/${IMAGE.sha256}`]) {
    test(`content by digest: ${path}`, async () => {
      for (const method of ['GET', 'HEAD']) {
        const answer = await shared().send(`${method} /v2/mine/${path}`, { as: ALICE })
        assert.equal(answer.status, 404)
      }
    })
  }

  test('content by digest after someone else has read it', async () => {
    for (const path of [`blobs/${CONFIG.sha256}`, `manifests/${IMAGE.sha256}`]) {
      assert.equal((await shared().send(`GET /v2/public/a/${path}`)).status, 200)
      assert.equal((await shared().send(`GET /v2/mine/${path}`, { as: ALICE })).status, 404)
      assert.equal((await shared().send(`GET /v2/${THERE}/${path}`, { as: ALICE })).status, 403)
    }
  })
})

describe('caches between', () => {
  const rows: readonly (readonly [string, () => Promise<string | undefined>, RegExp])[] = [
    ['what everybody may pull may be shared', async () => undefined, /^public, /],
    ['what needs credentials may not', async () => ALICE, /^private, /],
    [
      'nor what needs a token',
      () => tokenFor(shared(), undefined, 'repository:public/a:pull'),
      /^private, /,
    ],
  ]
  for (const [description, as, expected] of rows) {
    test(description, async () => {
      const request = `GET /v2/public/a/blobs/${CONFIG.sha256}`
      const { status, headers } = await shared().send(request, { as: await as() })
      assert.equal(status, 200)
      assert.match(headers.get('Cache-Control') ?? '', expected)
    })
  }
})
