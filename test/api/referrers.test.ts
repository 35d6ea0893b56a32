/**
 * Subjects and referrers.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { beforeAll, test } from 'vitest'
import {
  DOCKER_MANIFEST,
  OCI_ARTIFACT,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../functions/registry/media-types.ts'
import {
  blob,
  CONFIG,
  CONFIG_TYPE,
  type Content,
  contentOf,
  descriptorOf,
  imageOf,
  indexOf,
  putBlob,
  putManifest,
} from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Exchange, play, type Row, singles, table } from '../support/hosts/exchange.ts'
import type { Host } from '../support/hosts/host.ts'
import { pagesOf } from '../support/hosts/pages.ts'

const SBOM = 'application/vnd.example.sbom.v1'
const SIGNATURE = 'application/vnd.example.signature.v1+json'
const SUBJECT = imageOf()
const ABSENT = blob('absent', 500)
const subject = descriptorOf(OCI_MANIFEST, SUBJECT)

/** Referrers of one subject: media type, content, and what is listed beside its descriptor. */
const REFERRERS: readonly (readonly [type: string, content: Content, listed: object])[] = [
  [
    OCI_MANIFEST,
    imageOf([], { subject, artifactType: SBOM, annotations: { a: 'ü' } }),
    { artifactType: SBOM, annotations: { a: 'ü' } },
  ],
  [OCI_MANIFEST, imageOf([], { subject, artifactType: SIGNATURE }), { artifactType: SIGNATURE }],
  [OCI_MANIFEST, imageOf([], { subject }), { artifactType: CONFIG_TYPE }],
  [OCI_MANIFEST, imageOf([], { subject, artifactType: '', n: 1 }), { artifactType: CONFIG_TYPE }],
  [OCI_INDEX, indexOf([], { subject, annotations: { b: '1' } }), { annotations: { b: '1' } }],
  [OCI_INDEX, indexOf([], { subject, artifactType: SBOM }), { artifactType: SBOM }],
  [
    DOCKER_MANIFEST,
    imageOf([], { subject, mediaType: DOCKER_MANIFEST }),
    { artifactType: CONFIG_TYPE },
  ],
  [
    OCI_ARTIFACT,
    contentOf(JSON.stringify({ mediaType: OCI_ARTIFACT, subject, artifactType: SBOM })),
    { artifactType: SBOM },
  ],
]

const listed = REFERRERS.map(([type, content, more]) => ({
  ...descriptorOf(type, content),
  ...more,
})).toSorted((one, other) => (one.digest < other.digest ? -1 : 1))
const indexOfAll = (manifests: readonly object[]) => ({
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests,
})

const list = (
  digest: string,
  manifests: readonly object[],
  query = '',
  applied: string | null = null,
): Exchange => ({
  send: `GET /v2/a/b/referrers/${digest}${query}`,
  status: 200,
  json: indexOfAll(manifests),
  expect: { 'Content-Type': OCI_INDEX, 'OCI-Filters-Applied': applied, Link: null },
})
const filtered = (type: string): Exchange =>
  list(
    SUBJECT.sha256,
    listed.filter((each) => 'artifactType' in each && each.artifactType === type),
    `?artifactType=${encodeURIComponent(type)}`,
    'artifactType',
  )

const LISTS = singles([
  ['all', list(SUBJECT.sha256, listed)],
  ['of one type', filtered(SBOM)],
  ['of one type with a plus', filtered(SIGNATURE)],
  ['of a config type', filtered(CONFIG_TYPE)],
  ['of a type there is none of', filtered('application/nothing')],
  ['of an empty type are all', list(SUBJECT.sha256, listed, '?artifactType=')],
  ['of what has none', list(ABSENT.sha256, [])],
  ['of a sha512 that has none', list(ABSENT.sha512, [])],
  [
    'in an unknown repository',
    { ...list(SUBJECT.sha256, []), send: `GET /v2/nothing/referrers/${SUBJECT.sha256}` },
  ],
  [
    'of an invalid digest',
    {
      send: 'GET /v2/a/b/referrers/sha256:abc',
      status: 400,
      error: 'DIGEST_INVALID',
      message: /"sha256:abc"/,
    },
  ],
  ['of a tag', { send: 'GET /v2/a/b/referrers/latest', status: 400, error: 'DIGEST_INVALID' }],
  [
    'after an invalid digest',
    {
      send: `GET /v2/a/b/referrers/${SUBJECT.sha256}?last=x`,
      status: 400,
      error: 'DIGEST_INVALID',
    },
  ],
  [
    'in an invalid name',
    { send: `GET /v2/A/referrers/${SUBJECT.sha256}`, status: 400, error: 'NAME_INVALID' },
  ],
  [
    'HEAD',
    {
      send: `HEAD /v2/a/b/referrers/${SUBJECT.sha256}`,
      status: 200,
      expect: { 'Content-Type': OCI_INDEX },
    },
  ],
])

const missing = descriptorOf(OCI_MANIFEST, ABSENT)
const LATE = imageOf([], { annotations: { late: '1' } })
const OF_LATE = imageOf([], { subject: descriptorOf(OCI_MANIFEST, LATE) })
const OF_MISSING = imageOf([], { subject: missing, annotations: { n: '2' } })
const DELETED = imageOf([], { subject: missing, annotations: { n: '3' } })
const OF_512 = imageOf([], { subject: { ...subject, digest: SUBJECT.sha512 } })

const push = (content: Content, reference: string = content.sha256): Exchange =>
  putManifest('a/b', reference, content)
const one = (content: Content) => ({
  ...descriptorOf(OCI_MANIFEST, content),
  artifactType: CONFIG_TYPE,
})
const CHANGES: readonly Row[] = [
  {
    description: 'a missing subject is fine, and OCI-Subject says that referrers are listed',
    steps: [
      { ...push(OF_MISSING), expect: { 'OCI-Subject': ABSENT.sha256 } },
      list(ABSENT.sha256, [{ ...one(OF_MISSING), annotations: { n: '2' } }]),
    ],
  },
  {
    description: 'a deleted referrer vanishes at once',
    steps: [
      { ...push(DELETED, 'deleted'), expect: { 'OCI-Subject': ABSENT.sha256 } },
      {
        send: `GET /v2/a/b/referrers/${ABSENT.sha256}`,
        status: 200,
        answer: new RegExp(DELETED.sha256),
      },
      { send: 'DELETE /v2/a/b/manifests/deleted', status: 202 },
      {
        send: `GET /v2/a/b/referrers/${ABSENT.sha256}`,
        status: 200,
        answer: new RegExp(DELETED.sha256),
      },
      { send: `DELETE /v2/a/b/manifests/${DELETED.sha256}`, status: 202 },
      list(ABSENT.sha256, [{ ...one(OF_MISSING), annotations: { n: '2' } }]),
    ],
  },
  {
    description: 'a subject may come after, go, and come again',
    steps: [
      push(OF_LATE),
      list(LATE.sha256, [one(OF_LATE)]),
      { ...push(LATE), expect: { 'OCI-Subject': null } },
      list(LATE.sha256, [one(OF_LATE)]),
      { send: `DELETE /v2/a/b/manifests/${LATE.sha256}`, status: 202 },
      list(LATE.sha256, [one(OF_LATE)]),
    ],
  },
  {
    description: 'a subject by sha512',
    steps: [
      { ...push(OF_512), expect: { 'OCI-Subject': SUBJECT.sha512 } },
      list(SUBJECT.sha512, [one(OF_512)]),
    ],
  },
  {
    description: 'pushing again lists once',
    steps: [push(OF_LATE), push(OF_LATE, 'again'), list(LATE.sha256, [one(OF_LATE)])],
  },
]

/** Annotations that make a page of few referrers. */
const BIG = Array.from({ length: 5 }, (_, n) =>
  imageOf([], {
    subject: missing,
    artifactType: n % 2 ? SBOM : SIGNATURE,
    annotations: { big: String(n).repeat(1_300_000) },
  }),
)

const digestsOf = async (host: Host, path: string): Promise<string[][]> => {
  const pages = await pagesOf<{ manifests: { digest: string }[] }>(host, path, {
    'Content-Type': OCI_INDEX,
  })
  return pages.map(({ manifests }) => manifests.map(({ digest }) => digest))
}

onEveryHost((host) => {
  beforeAll(() =>
    play(host, [
      putBlob('a/b', CONFIG),
      putBlob('big', CONFIG),
      ...REFERRERS.map(([type, content]) => ({
        ...putManifest('a/b', content.sha256, content, type),
        expect: { 'OCI-Subject': SUBJECT.sha256 },
      })),
    ]),
  )
  table(host, [...LISTS, ...CHANGES])

  test('a list larger than clients read comes in pages', async () => {
    await play(
      host,
      BIG.map((content) => putManifest('big', content.sha256, content)),
    )
    const path = `/v2/big/referrers/${ABSENT.sha256}`
    const all = await digestsOf(host, path)
    assert.ok(all.length > 1)
    assert.deepEqual(all.flat(), BIG.map(({ sha256 }) => sha256).toSorted())

    const some = await digestsOf(host, `${path}?artifactType=${SBOM}`)
    assert.deepEqual(some.flat(), [BIG[1], BIG[3]].map((each) => each?.sha256).toSorted())
  })
})
