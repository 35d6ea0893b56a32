/**
 * "Listing Tags", "Listing Referrers", "Pushing Manifests with Subject" and "Error Codes" of the
 * specification.
 *
 * @module
 */

import assert from 'node:assert/strict'
import {
  type Algorithm,
  assertError,
  type Descriptor,
  digestOf,
  mediaTypes,
  Repository,
  type Rule,
} from './client.ts'

interface TagList {
  readonly name: string
  readonly tags: readonly string[]
}

const listTags = async (repository: Repository, query = '') => {
  const answer = await repository.send('GET', `tags/list${query}`)
  assert.equal(answer.status, 200, answer.body.toString())
  const list: TagList = JSON.parse(answer.body.toString())
  assert.equal(list.name, repository.name)
  return { tags: list.tags, link: answer.headers.get('link') }
}

const tags = ['10', '2', 'Beta', 'alpha', 'alpha.1', 'alpha_1', 'beta', 'v1']

/** Pushes one image under all the tags, in no particular order. */
const tagged = async (repository: Repository): Promise<void> => {
  const image = await repository.image()
  for (const tag of tags.toReversed()) {
    assert.equal((await repository.pushManifest(tag, image)).status, 201)
  }
}

const tagRules: readonly Rule[] = [
  {
    rule: 'tags are listed in ASCII order',
    check: async (repository) => {
      await tagged(repository)
      assert.deepEqual((await listTags(repository)).tags, tags)
    },
  },
  {
    rule: 'n and last select some of the tags',
    check: async (repository) => {
      await tagged(repository)
      const parts = [
        { query: '?n=3', part: tags.slice(0, 3) },
        { query: '?n=3&last=Beta', part: tags.slice(3, 6) },
        { query: '?last=alpha.1', part: tags.slice(5) },
        { query: '?n=100&last=v1', part: [] },
        { query: '?n=2&last=aaa', part: tags.slice(3, 5) },
        { query: '?n=0', part: [] },
      ]
      for (const { query, part } of parts) {
        assert.deepEqual((await listTags(repository, query)).tags, part, query)
      }
      assert.equal((await listTags(repository, '?n=0')).link, null)
    },
  },
  {
    rule: 'following Link lists every tag once',
    check: async (repository) => {
      await tagged(repository)
      const seen: string[] = []
      let next: string | undefined = 'tags/list?n=3'
      for (let page = 0; next !== undefined && page < 10; page++) {
        const answer = await repository.send('GET', next)
        seen.push(...(JSON.parse(answer.body.toString()) as TagList).tags)
        const link = answer.headers.get('link')
        next = link === null ? undefined : /^<([^>]+)>; *rel="?next"?$/.exec(link)?.[1]
        assert.equal(next === undefined, link === null, `Link: ${link}`)
      }
      assert.deepEqual(seen, tags)
    },
  },
  {
    rule: 'tags of a repository that does not exist: 404',
    check: async (repository) =>
      assertError(await repository.send('GET', 'tags/list'), 404, 'NAME_UNKNOWN'),
  },
]

const referrers = async (repository: Repository, digest: string, query = '') => {
  const answer = await repository.send('GET', `referrers/${digest}${query}`)
  assert.equal(answer.status, 200, answer.body.toString())
  assert.equal(answer.headers.get('content-type'), mediaTypes.index)
  const index = JSON.parse(answer.body.toString())
  assert.equal(index.schemaVersion, 2)
  assert.equal(index.mediaType, mediaTypes.index)
  const manifests: Descriptor[] = index.manifests
  return { manifests, filters: answer.headers.get('oci-filters-applied') }
}

const subject = (digest: string) => ({ mediaType: mediaTypes.manifest, digest, size: 100 })
const annotations = { 'org.example.note': 'kept' }

const referrerRules: readonly Rule[] = [
  {
    rule: 'a manifest without referrers has an empty list of them',
    check: async (repository) => {
      assert.deepEqual((await referrers(repository, digestOf('unseen'))).manifests, [])
      const { digest } = await repository.pushImage('v1')
      assert.deepEqual((await referrers(repository, digest)).manifests, [])
    },
  },
  {
    rule: 'referrers of an invalid digest: 400',
    check: async (repository) => {
      const answer = await repository.send('GET', 'referrers/sha256:short')
      assertError(answer, 400, 'DIGEST_INVALID')
    },
  },
  ...(['sha256', 'sha512'] as const).map((algorithm: Algorithm) => ({
    rule: `a referrer is accepted before its subject (${algorithm}), and confirmed by OCI-Subject`,
    check: async (repository: Repository) => {
      const digest = digestOf('pushed later', algorithm)
      const image = { ...(await repository.image()), subject: subject(digest) }
      const answer = await repository.pushManifest('v1', image)
      assert.equal(answer.status, 201, answer.body.toString())
      assert.equal(answer.headers.get('oci-subject'), digest)
      assert.equal((await referrers(repository, digest)).manifests.length, 1)
    },
  })),
  {
    rule: 'the descriptor of a referrer has its type, annotations and size',
    check: async (repository) => {
      const target = await repository.pushImage('v1')
      const fields = { subject: target, annotations }
      const typed = await repository.pushImage(undefined, {
        ...fields,
        artifactType: 'application/vnd.example.sbom',
      })
      const untyped = await repository.pushImage(undefined, fields)
      const index = JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: [],
        ...fields,
      })
      const indexDigest = digestOf(index)
      const put = await repository.pushManifest(indexDigest, index, mediaTypes.index)
      assert.equal(put.headers.get('oci-subject'), target.digest)

      const expected: Descriptor[] = [
        { ...typed, artifactType: 'application/vnd.example.sbom', annotations },
        { ...untyped, artifactType: mediaTypes.config, annotations },
        { mediaType: mediaTypes.index, digest: indexDigest, size: index.length, annotations },
      ]
      const byDigest = (a: Descriptor, b: Descriptor) => (a.digest < b.digest ? -1 : 1)
      const { manifests } = await referrers(repository, target.digest)
      assert.deepEqual(manifests.toSorted(byDigest), expected.toSorted(byDigest))
    },
  },
  {
    rule: 'a filter by artifactType is applied, and named in OCI-Filters-Applied',
    check: async (repository) => {
      const target = await repository.pushImage('v1')
      const [sbom] = await Promise.all(
        ['sbom', 'signature'].map((kind) =>
          repository.pushImage(undefined, {
            subject: target,
            artifactType: `application/vnd.example.${kind}+json`,
          }),
        ),
      )
      const query = `?artifactType=${encodeURIComponent('application/vnd.example.sbom+json')}`
      const { manifests, filters } = await referrers(repository, target.digest, query)
      assert.deepEqual(
        manifests.map(({ digest }) => digest),
        [sbom?.digest],
      )
      assert.equal(filters, 'artifactType')
    },
  },
  {
    rule: 'a deleted referrer is no longer listed',
    check: async (repository) => {
      const target = await repository.pushImage('v1')
      const { digest } = await repository.pushImage(undefined, { subject: target })
      assert.equal((await repository.send('DELETE', `manifests/${digest}`)).status, 202)
      assert.deepEqual((await referrers(repository, target.digest)).manifests, [])
    },
  },
]

const badNames = ['Upper/case', '-dash', 'double..dot', 'under___score', 'trailing-']

const nameRules: readonly Rule[] = badNames.map((name) => ({
  rule: `the repository name ${name} is rejected`,
  check: async ({ address }) => {
    const answer = await new Repository(address, name).send('GET', 'tags/list')
    assertError(answer, 400, 'NAME_INVALID')
  },
}))

export const discoveryRules: readonly Rule[] = [...tagRules, ...referrerRules, ...nameRules]
