/**
 * Registries that are wrong in one way each: the smoke checks must say so. Each check has at least one
 * row here, for a check that cannot fail is worth nothing.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { CHECKS } from './checks.ts'
import { type Distortion, type Passed, type Passing, startDistorting } from './distort.ts'
import { runChecks } from './run.ts'
import { onFiles, onS3, type Subject } from './subjects.ts'

/** A way to be wrong, and which check must say what of it. */
interface Wrong {
  readonly check: string
  /** How the registry is wrong. */
  readonly how: string
  readonly distortion: Distortion
  /** What is printed about it. */
  readonly says: RegExp
}

type Answer = NonNullable<Distortion['answer']>
type Matches = (asked: Passing) => boolean

/** Whether a request has this method and a path of this form. */
const on =
  (method: string, path: RegExp): Matches =>
  (asked) =>
    asked.method === method && path.test(new URL(asked.url).pathname)

/** Changes the answers to some requests. */
const change = (matches: Matches, answer: Answer): Distortion => ({
  answer: (asked, passed) => (matches(asked) ? answer(asked, passed) : passed),
})

const headers =
  (changed: Passed['headers']): Answer =>
  (_, passed) => ({ ...passed, headers: { ...passed.headers, ...changed } })

const status =
  (code: number): Answer =>
  (_, passed) => ({ ...passed, status: code })

/** What a gateway says in place of the registry. */
const gatewaySays =
  (code: number): Answer =>
  () => ({
    status: code,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"message":"no"}'),
  })

const body =
  (changed: (text: string) => string): Answer =>
  (_, passed) => ({ ...passed, body: Buffer.from(changed(passed.body.toString())) })

const PING = on('GET', /^\/v2\/$/)
const ANY: Matches = () => true
const START = on('POST', /\/blobs\/uploads\/$/)
const PATCH = on('PATCH', /./)
const UPLOAD = /\/blobs\/uploads\/./
const MANIFEST = /\/manifests\//
const BLOB = /\/blobs\/sha256/
const TOKEN = /^\/token$/
const larger =
  (size: number): Matches =>
  (asked) =>
    PATCH(asked) && (asked.body?.length ?? 0) >= size

const withToken = (changed: object): Answer =>
  body((text) => JSON.stringify({ ...JSON.parse(text), ...changed }))

const WRONGS: readonly Wrong[] = [
  {
    check: 'keep-alive',
    how: 'connections end with each answer',
    distortion: change(ANY, headers({ connection: 'close' })),
    says: /each request needs a new connection/,
  },
  {
    check: 'challenge',
    how: 'no challenge',
    distortion: change(
      ANY,
      headers({ 'www-authenticate': undefined, 'x-registry-challenge': undefined }),
    ),
    says: /401 with no challenge\n.*is missing: no client logs in\n.*drops headers/,
  },
  {
    check: 'challenge',
    how: 'the challenge renamed, its copy not mapped back',
    distortion: change(ANY, (_, passed) => ({
      ...passed,
      headers: {
        ...passed.headers,
        'www-authenticate': undefined,
        'x-amzn-remapped-www-authenticate': passed.headers['www-authenticate'],
      },
    })),
    says: /x-amzn-remapped-www-authenticate\n.*is renamed: no client logs in\n.*-> map it back/i,
  },
  {
    check: 'challenge',
    how: 'another realm than clients can use',
    distortion: change(
      PING,
      headers({ 'www-authenticate': 'Bearer realm="https://a.example/?b"' }),
    ),
    says: /the realm has a query/,
  },
  {
    check: 'challenge',
    how: 'a registry that is open to all',
    distortion: change(PING, status(200)),
    says: /nobody is asked for a password/,
  },
  {
    check: 'challenge',
    how: 'something else at this address',
    distortion: change(PING, gatewaySays(404)),
    says: /404\n.*neither 200 nor 401/,
  },
  {
    check: 'token',
    how: 'tokens are refused',
    distortion: change(on('GET', TOKEN), gatewaySays(401)),
    says: /401\n.*no token was given\n.*check user and password/,
  },
  {
    check: 'token',
    how: 'no field token',
    distortion: change(on('GET', TOKEN), withToken({ token: undefined })),
    says: /token is missing/,
  },
  {
    check: 'token',
    how: 'tokens that fill the headers',
    distortion: change(on('GET', TOKEN), withToken({ access_token: 'x'.repeat(7000) })),
    says: /longer than 6000 bytes/,
  },
  {
    check: 'token',
    how: 'tokens that end at once',
    distortion: change(on('GET', TOKEN), withToken({ expires_in: 5 })),
    says: /it ends within 60 s/,
  },
  {
    check: 'token-form',
    how: 'no field access_token',
    distortion: change(on('POST', TOKEN), withToken({ access_token: undefined })),
    says: /access_token is missing/,
  },
  {
    check: 'wrong-password',
    how: 'anybody gets a token',
    distortion: change(on('GET', TOKEN), status(200)),
    says: /not refused by 401/,
  },
  {
    check: 'upload-start',
    how: 'uploads go on at another host',
    distortion: change(START, headers({ location: 'https://other.example/v2/a/blobs/uploads/1' })),
    says: /it leads to other\.example/,
  },
  {
    check: 'upload-start',
    how: 'two Locations',
    distortion: change(START, headers({ location: ['/v2/a', '/v2/a'] })),
    says: /there are 2 Locations/,
  },
  {
    check: 'upload-start',
    how: 'a Location beside /v2/',
    distortion: change(START, headers({ location: '/uploads/1' })),
    says: /lacks \/v2\//,
  },
  {
    check: 'upload-start',
    how: 'an encoded Location',
    distortion: change(START, headers({ location: '/v2/a%20b' })),
    says: /its path is encoded/,
  },
  {
    check: 'upload-start',
    how: 'pushes are forbidden',
    distortion: change(START, gatewaySays(403)),
    says: /no upload begins.*\n.*let the user push/,
  },
  {
    check: 'put',
    how: 'a push ends with 200, as S3 would',
    distortion: change(on('PUT', UPLOAD), status(200)),
    says: /not stored \(201\)/,
  },
  {
    check: 'put',
    how: 'no Docker-Content-Digest',
    distortion: change(on('PUT', UPLOAD), headers({ 'docker-content-digest': undefined })),
    says: /no Docker-Content-Digest, which docker up to 29\.0 demands/,
  },
  {
    check: 'put',
    how: 'no Location',
    distortion: change(on('PUT', UPLOAD), headers({ location: undefined })),
    says: /there is no Location/,
  },
  {
    check: 'patch',
    how: 'a wrong Range',
    distortion: change(PATCH, headers({ range: '0-0' })),
    says: /docker writes a wrong size/,
  },
  {
    check: 'patch-chunked',
    how: 'bodies without a length are refused',
    distortion: change((asked) => asked.chunked === true, gatewaySays(411)),
    says: /PATCH 411.*\n.*not taken.*\n.*refuses chunked bodies/,
  },
  {
    check: 'chunks',
    how: 'Content-Range is lost on the way',
    distortion: {
      request: ({ headers: { 'content-range': _, ...others }, ...asked }) => ({
        ...asked,
        headers: others,
      }),
    },
    says: /a chunk out of order is not refused/,
  },
  {
    check: 'chunks',
    how: 'an upload tells nobody where it stands',
    distortion: change(on('GET', UPLOAD), gatewaySays(404)),
    says: /its status is not to be had/,
  },
  {
    check: 'upload-status',
    how: 'HEAD is refused',
    distortion: change(on('HEAD', UPLOAD), status(405)),
    says: /its status is not to be had/,
  },
  {
    check: 'wrong-digest',
    how: 'a wrong digest is accepted',
    distortion: change(on('PUT', UPLOAD), (_, passed) => ({ ...passed, status: 201 })),
    says: /not refused \(400\)/,
  },
  {
    check: 'wrong-digest',
    how: 'what was refused can be read',
    distortion: change(on('HEAD', BLOB), status(200)),
    says: /it can be read/,
  },
  {
    check: 'mount',
    how: 'mounts become uploads',
    distortion: change((asked) => START(asked) && asked.url.includes('mount='), status(202)),
    says: /no mount \(201\)/,
  },
  {
    check: 'body-4.4MB',
    how: 'bodies of 4 MB are too large',
    distortion: change(larger(4_000_000), gatewaySays(413)),
    says: /not taken \(202\)\n.*regctl --blob-chunk/,
  },
  ...[5, 7, 11].map((size) => ({
    check: `body-${size}MB`,
    how: 'large bodies fail',
    distortion: change(larger(size * 1_000_000), gatewaySays(503)),
    says: /503: "no" of the gateway.*\n.*something else than 413/,
  })),
  {
    check: 'body-11MB',
    how: 'the connection is cut instead of an answer',
    distortion: change(larger(11_000_000), () => undefined),
    says: /there was no answer/,
  },
  {
    check: 'manifest-put',
    how: 'no Docker-Content-Digest',
    distortion: change(on('PUT', MANIFEST), headers({ 'docker-content-digest': undefined })),
    says: /no Docker-Content-Digest, which docker shows/,
  },
  ...['manifest-head', 'manifest-head-digest'].flatMap((check) => [
    {
      check,
      how: 'length 0',
      distortion: change(on('HEAD', MANIFEST), headers({ 'content-length': '0' })),
      says: /200, 0 bytes\n.*Content-Length is 0.*\n.*manifestHeads to redirect \(SLIPWAY_MANIFEST_HEADS=redirect\)/,
    },
    {
      check,
      how: 'no length',
      distortion: change(on('HEAD', MANIFEST), headers({ 'content-length': undefined })),
      says: /no bytes\n.*there is no Content-Length.*\n.*SLIPWAY_MANIFEST_HEADS/,
    },
    {
      check,
      how: 'another type',
      distortion: change(on('HEAD', MANIFEST), headers({ 'content-type': 'text/html' })),
      says: /it has the type text\/html/,
    },
    {
      check,
      how: 'no digest',
      distortion: change(on('HEAD', MANIFEST), headers({ 'docker-content-digest': undefined })),
      says: /there is no Docker-Content-Digest/,
    },
  ]),
  {
    check: 'manifest-get',
    how: 'JSON is written anew',
    distortion: change(
      on('GET', MANIFEST),
      body((text) => JSON.stringify(JSON.parse(text), null, 1)),
    ),
    says: /other bytes\n.*something in front changes answers/,
  },
  {
    check: 'manifest-get',
    how: 'a type nobody accepted',
    distortion: change(on('GET', MANIFEST), headers({ 'content-type': 'application/json' })),
    says: /it has the type application\/json/,
  },
  {
    check: 'manifest-unchanged',
    how: 'If-None-Match is lost',
    distortion: {
      request: ({ headers: { 'if-none-match': _, ...others }, ...asked }) => ({
        ...asked,
        headers: others,
      }),
    },
    says: /all of it is sent again/,
  },
  {
    check: 'manifest-4MiB',
    how: 'large manifests are refused',
    distortion: change(
      (asked) => on('PUT', MANIFEST)(asked) && (asked.body?.length ?? 0) > 1_000_000,
      gatewaySays(413),
    ),
    says: /PUT 413\n.*not taken/,
  },
  {
    check: 'manifest-4MiB',
    how: 'large answers fail',
    distortion: change(
      (asked) => on('GET', MANIFEST)(asked),
      (asked, passed) =>
        passed.body.length > 1_000_000 ? gatewaySays(500)(asked, passed) : passed,
    ),
    says: /other bytes/,
  },
  {
    check: 'blob-head',
    how: 'length 0',
    distortion: change(on('HEAD', BLOB), headers({ 'content-length': '0' })),
    says: /Content-Length is 0, not 100000: docker pushes broken manifests/,
  },
  {
    check: 'blob-get',
    how: 'blobs are compressed',
    distortion: change(on('GET', BLOB), headers({ 'content-encoding': 'gzip' })),
    says: /Content-Encoding: gzip/,
  },
  {
    check: 'blob-get',
    how: 'bytes are lost',
    distortion: change(on('GET', BLOB), (_, passed) => ({
      ...passed,
      body: passed.body.subarray(1),
    })),
    says: /not those of its digest/,
  },
  {
    check: 'blob-get',
    how: 'a redirect to where nobody is',
    distortion: change(on('GET', BLOB), () => ({
      status: 307,
      headers: { location: 'http://127.0.0.1:1/blob' },
      body: Buffer.alloc(0),
    })),
    says: /ECONNREFUSED.*\n.*there was no answer\n.*clients must reach the store/,
  },
  {
    check: 'tags',
    how: 'no Link',
    distortion: change(on('GET', /tags\/list$/), headers({ link: undefined })),
    says: /there is no Link to the next page/,
  },
  {
    check: 'tags',
    how: 'the query is lost',
    distortion: {
      request: (asked) => ({ ...asked, url: asked.url.replace(/tags\/list\?.*/, 'tags/list') }),
    },
    says: /there is no Link to the next page/,
  },
  {
    check: 'referrers',
    how: 'a list of another type',
    distortion: change(on('GET', /referrers/), headers({ 'content-type': 'application/json' })),
    says: /the type application\/json, which oras refuses/,
  },
  {
    check: 'referrers',
    how: 'an empty list',
    distortion: change(on('GET', /referrers/), withToken({ manifests: [] })),
    says: /it is not in the list/,
  },
  {
    check: 'referrers',
    how: 'no OCI-Subject',
    distortion: change(on('PUT', MANIFEST), headers({ 'oci-subject': undefined })),
    says: /there is no OCI-Subject/,
  },
  {
    check: 'not-found',
    how: 'the gateway answers',
    distortion: change(on('GET', /no-such-tag/), gatewaySays(404)),
    says: /no JSON with MANIFEST_UNKNOWN/,
  },
  {
    check: 'blob-not-found',
    how: 'S3 answers without the right to list',
    distortion: change(on('HEAD', BLOB), status(403)),
    says: /it is not 404/,
  },
  {
    check: 'wrong-method',
    how: 'the gateway answers',
    distortion: change(on('PUT', /^\/v2\/$/), gatewaySays(403)),
    says: /it is not answered 405/,
  },
  {
    check: 'path-encoded',
    how: 'paths are encoded once more',
    distortion: {
      request: (asked) => ({ ...asked, url: asked.url.replace('/sha256%3A', '/sha256%253A') }),
    },
    says: /encoded paths do not arrive/,
  },
  {
    check: 'path-slash',
    how: 'the gateway answers',
    distortion: change(on('GET', /%2F/), gatewaySays(404)),
    says: /neither served nor refused by the registry/,
  },
  {
    check: 'header-5KiB',
    how: 'long headers are refused',
    distortion: change((asked) => asked.url.includes('tags/list'), gatewaySays(431)),
    says: /431\n.*does not reach the registry/,
  },
  {
    check: 'header-12KiB',
    how: 'long headers fail',
    distortion: change((asked) => asked.url.includes('tags/list'), gatewaySays(502)),
    says: /answered as a failure/,
  },
]

/** What an S3 does wrong that has to refuse and does not. */
const LENIENT: Distortion = {
  answer: (_, passed) => (passed.status === 403 ? { ...passed, status: 200 } : passed),
}

/** The result of one check, and what was printed. */
const look = async (subject: Subject, origin: string, id: string) => {
  const checks = CHECKS.filter((check) => check.id === id)
  assert.equal(checks.length, 1, `there is no check ${id}`)
  const printed: string[] = []
  const [result] = await runChecks({ ...subject, origin }, checks, (line) => printed.push(line))
  return { verdict: result?.verdict, printed: printed.join('\n') }
}

/** Looks through a proxy that is wrong. */
const lookThrough = async (subject: Subject, { check, distortion }: Wrong) => {
  const proxy = await startDistorting(subject.origin, distortion)
  try {
    return await look(subject, proxy.origin, check)
  } finally {
    await proxy.stop()
  }
}

describe('a registry that is wrong', () => {
  let subject: Subject
  before(async () => {
    subject = await onFiles()
  })
  after(() => subject.stop())

  for (const wrong of WRONGS) {
    test(`${wrong.check}: ${wrong.how}`, async () => {
      const right = await lookThrough(subject, { ...wrong, distortion: {} })
      assert.equal(right.verdict, 'ok', right.printed)
      const { verdict, printed } = await lookThrough(subject, wrong)
      assert.equal(verdict, 'NOT', printed)
      assert.match(printed, wrong.says)
    })
  }

  /** Makes each reading of the clock ten seconds later than the one before. */
  const hurry = (t: TestContext): void => {
    let now = 0
    t.mock.method(performance, 'now', () => {
      now += 20_000
      return now
    })
  }
  for (const check of ['first-answer', 'warm-answers']) {
    test(`${check}: answers after 20 seconds`, async (t) => {
      hurry(t)
      assert.equal((await look(subject, subject.origin, check)).verdict, 'NOT')
    })
  }

  test('body-7MB: a refusal after 20 seconds', async (t) => {
    hurry(t)
    const distortion = change(larger(7_000_000), gatewaySays(413))
    const says = /takes too long/
    const { printed } = await lookThrough(subject, {
      check: 'body-7MB',
      how: '',
      distortion,
      says,
    })
    assert.match(printed, says)
  })

  test('tls: plain HTTP beyond loopback', async () => {
    const { verdict, printed } = await look(subject, 'http://registry.example', 'tls')
    assert.equal(verdict, 'NOT')
    assert.match(printed, /clients refuse plain HTTP/)
  })

  test('delete: what was pushed stays', async () => {
    const checks = CHECKS.filter(({ id }) => ['manifest-get', 'delete'].includes(id))
    const proxy = await startDistorting(subject.origin, change(on('DELETE', /./), gatewaySays(405)))
    const printed: string[] = []
    const target = { ...subject, origin: proxy.origin }
    const results = await runChecks(target, checks, (line) => printed.push(line))
    await proxy.stop()
    assert.deepEqual(
      results.map(({ verdict }) => verdict),
      ['ok', 'NOT'],
    )
    assert.match(printed.join('\n'), /not deleted: 405 for manifests\/sha256/)
  })
})

describe('a store that is wrong', () => {
  for (const check of ['presigned-head', 'presigned-tampered', 'bucket-private']) {
    test(`${check}: nothing is refused`, async () => {
      const subject = await onS3(LENIENT)
      try {
        assert.equal((await look(subject, subject.origin, check)).verdict, 'NOT')
      } finally {
        await subject.stop()
      }
    })
  }

  test('blob-range: Range is lost', async () => {
    const subject = await onS3({
      request: ({ headers: { range: _, ...others }, ...asked }) => ({ ...asked, headers: others }),
    })
    try {
      const { verdict, printed } = await look(subject, subject.origin, 'blob-range')
      assert.equal(verdict, 'NOT')
      assert.match(printed, /200, no Content-Range\n.*do not go on \(206\)/)
    } finally {
      await subject.stop()
    }
  })
})

test('there is a wrong registry for each check', () => {
  const elsewhere = ['first-answer', 'warm-answers', 'tls', 'delete']
  const ofStores = ['presigned-head', 'presigned-tampered', 'bucket-private', 'blob-range']
  const covered = new Set([...WRONGS.map(({ check }) => check), ...elsewhere, ...ofStores])
  assert.deepEqual(
    CHECKS.map(({ id }) => id).filter((id) => !covered.has(id)),
    [],
  )
})
