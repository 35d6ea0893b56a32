/**
 * "Pushing Manifests", "Pulling manifests", "Deleting tags" and "Deleting Manifests" of the
 * specification.
 *
 * @module
 */

import assert from 'node:assert/strict'
import {
  assertError,
  digestOf,
  locationOf,
  mediaTypes,
  type Repository,
  type Rule,
} from './client.ts'

const absentRules: readonly Rule[] = [
  { method: 'GET', reference: 'none' },
  { method: 'GET', reference: digestOf('none') },
  { method: 'DELETE', reference: digestOf('none') },
].map(({ method, reference }) => ({
  rule: `${method} of ${reference.slice(0, 10)} that does not exist: 404`,
  check: async (repository) => {
    const codes = ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN']
    assertError(await repository.send(method, `manifests/${reference}`), 404, ...codes)
    await repository.pushImage('v1')
    assertError(await repository.send(method, `manifests/${reference}`), 404, 'MANIFEST_UNKNOWN')
  },
}))

const invalid: readonly { readonly name: string; readonly content: string }[] = [
  { name: 'no JSON', content: 'blobs and all' },
  { name: 'a JSON list', content: '[]' },
  { name: 'half a manifest', content: '{"schemaVersion":2,' },
]

const invalidRules: readonly Rule[] = invalid.map(({ name, content }) => ({
  rule: `a manifest that is ${name}: 400`,
  check: async (repository) =>
    assertError(await repository.pushManifest('v1', content), 400, 'MANIFEST_INVALID'),
}))

const badReferences = ['-dash', '.dot', 'a'.repeat(129), 'sha256:baddigeststring']

const badReferenceRules: readonly Rule[] = badReferences.map((reference) => ({
  rule: `PUT with the reference ${reference.slice(0, 24)}: 400`,
  check: async (repository) => {
    const answer = await repository.pushManifest(reference, await repository.image())
    const codes = ['TAG_INVALID', 'DIGEST_INVALID', 'MANIFEST_INVALID', 'NAME_INVALID']
    assertError(answer, 400, ...codes)
  },
}))

const indexOf = (manifests: readonly object[]): object => ({
  schemaVersion: 2,
  mediaType: mediaTypes.index,
  manifests,
})

const special: Readonly<Record<string, (repository: Repository) => Promise<object>>> = {
  'image without layers': async (repository) => ({ ...(await repository.image()), layers: [] }),
  'image with fields of its own': async (repository) => ({
    ...(await repository.image()),
    'org.example.more': [1, { two: null }],
  }),
  'index without manifests': async () => indexOf([]),
  'index of images': async (repository) => indexOf([await repository.pushImage(undefined)]),
  'index of an index': async (repository) => {
    const inner = JSON.stringify(indexOf([await repository.pushImage(undefined)]))
    const digest = digestOf(inner)
    const answer = await repository.pushManifest(digest, inner, mediaTypes.index)
    assert.equal(answer.status, 201)
    return indexOf([{ mediaType: mediaTypes.index, digest, size: inner.length }])
  },
  'image of 4,000,000 bytes': async (repository) => ({
    ...(await repository.image()),
    annotations: { 'org.example.large': 'x'.repeat(4_000_000) },
  }),
}

const specialRules: readonly Rule[] = Object.entries(special).map(([name, build]) => ({
  rule: `an ${name} is accepted, and served byte for byte`,
  check: async (repository) => {
    const manifest = await build(repository)
    // Whitespace that would be lost if a registry serialized the JSON again.
    const content = `${JSON.stringify(manifest)} \n`
    const type = 'mediaType' in manifest ? String(manifest.mediaType) : ''
    const put = await repository.pushManifest('v1', content, type)
    assert.equal(put.status, 201, put.body.toString())
    const digest = digestOf(content)
    assert.equal(put.headers.get('docker-content-digest'), digest)
    for (const at of [locationOf(put), 'manifests/v1', `manifests/${digest}`]) {
      const answer = await repository.send('GET', at, { headers: { accept: type } })
      assert.equal(answer.status, 200)
      assert.equal(answer.body.toString(), content)
      assert.equal(answer.headers.get('content-type'), type)
      assert.equal(answer.headers.get('docker-content-digest'), digest)
      const head = await repository.send('HEAD', at, { headers: { accept: type } })
      assert.equal(head.status, 200)
      assert.equal(head.headers.get('content-length'), String(content.length))
      assert.equal(head.headers.get('docker-content-digest'), digest)
    }
  },
}))

export const manifestRules: readonly Rule[] = [
  ...absentRules,
  ...invalidRules,
  ...badReferenceRules,
  ...specialRules,
  {
    rule: 'a manifest with the digest of another: 400',
    check: async (repository) => {
      const answer = await repository.pushManifest(digestOf('other'), await repository.image())
      assertError(answer, 400, 'DIGEST_INVALID')
    },
  },
  {
    rule: 'a manifest pushed by its sha512 digest is served by it',
    check: async (repository) => {
      const { digest } = await repository.pushImage(undefined, {}, 'sha512')
      const answer = await repository.send('GET', `manifests/${digest}`)
      assert.equal(digestOf(answer.body, 'sha512'), digest)
    },
  },
  {
    rule: 'a manifest without one of its layers: MANIFEST_BLOB_UNKNOWN',
    check: async (repository) => {
      const image = await repository.image()
      const layers = [{ mediaType: mediaTypes.layer, digest: digestOf('missing'), size: 7 }]
      const answer = await repository.pushManifest('v1', { ...image, layers })
      assert.ok(answer.status === 400 || answer.status === 404, String(answer.status))
      assertError(answer, answer.status, 'MANIFEST_BLOB_UNKNOWN')
    },
  },
  {
    rule: 'parameters of the Content-Type are ignored',
    check: async (repository) => {
      const type = `${mediaTypes.manifest}; charset=utf-8`
      const put = await repository.pushManifest('v1', await repository.image(), type)
      assert.equal(put.status, 201, put.body.toString())
      const { headers } = await repository.send('GET', 'manifests/v1')
      assert.equal(headers.get('content-type'), mediaTypes.manifest)
    },
  },
  {
    rule: 'a manifest of 8 MB: 413',
    check: async (repository) => {
      const annotations = { 'org.example.large': 'x'.repeat(8_000_000) }
      const answer = await repository.pushManifest('v1', {
        ...(await repository.image()),
        annotations,
      })
      assert.equal(answer.status, 413)
    },
  },
  {
    rule: 'a push by digest with ten tags sets them, and confirms them in OCI-Tag',
    check: async (repository) => {
      const content = JSON.stringify(await repository.image())
      const tags = Array.from({ length: 10 }, (_, index) => `t${index}`)
      const query = tags.map((tag) => `tag=${tag}`).join('&')
      const digest = digestOf(content)
      const answer = await repository.pushManifest(`${digest}?${query}`, content)
      assert.equal(answer.status, 201, answer.body.toString())
      assert.deepEqual(answer.headers.get('oci-tag')?.split(', '), tags)
      for (const tag of tags) {
        const { headers } = await repository.send('HEAD', `manifests/${tag}`)
        assert.equal(headers.get('docker-content-digest'), digest)
      }
    },
  },
  {
    rule: 'a tag points to the manifest pushed last',
    check: async (repository) => {
      await repository.pushImage('moving')
      const { digest } = await repository.pushImage('moving', { annotations: { second: 'yes' } })
      const { headers } = await repository.send('GET', 'manifests/moving')
      assert.equal(headers.get('docker-content-digest'), digest)
    },
  },
  {
    rule: 'DELETE of a tag: 202, and the manifest and its other tags remain',
    check: async (repository) => {
      const { digest } = await repository.pushImage('v1')
      await repository.pushImage('v2')
      assert.equal((await repository.send('DELETE', 'manifests/v1')).status, 202)
      assertError(await repository.send('GET', 'manifests/v1'), 404, 'MANIFEST_UNKNOWN')
      assert.equal((await repository.send('GET', 'manifests/v2')).status, 200)
      assert.equal((await repository.send('GET', `manifests/${digest}`)).status, 200)
    },
  },
  {
    rule: 'DELETE of a manifest: 202, and the tags that point to it are gone',
    check: async (repository) => {
      const { digest } = await repository.pushImage('v1')
      await repository.pushImage('other', { annotations: { other: 'yes' } })
      assert.equal((await repository.send('DELETE', `manifests/${digest}`)).status, 202)
      for (const reference of ['v1', digest]) {
        const answer = await repository.send('GET', `manifests/${reference}`)
        assertError(answer, 404, 'MANIFEST_UNKNOWN')
      }
      assert.equal((await repository.send('GET', 'manifests/other')).status, 200)
    },
  },
]
