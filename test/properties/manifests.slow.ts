/**
 * Randomly changed manifests are accepted, or refused as MANIFEST_INVALID, and nothing else.
 *
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RegistryError } from '../../functions/registry/errors.ts'
import { parseManifest, parseStoredManifest } from '../../functions/registry/manifest.ts'
import { storedMediaType } from '../../functions/registry/manifest-type.ts'
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  MANIFEST_TYPES,
  OCI_ARTIFACT,
  OCI_INDEX,
  OCI_MANIFEST,
  SCHEMA1,
} from '../../functions/registry/media-types.ts'
import { atOnce } from '../../functions/shared/turns.ts'
import { blob, descriptorOf, imageOf, indexOf } from '../support/hosts/content.ts'

const layer = blob('layer', 100)
const subject = descriptorOf(OCI_MANIFEST, imageOf())
const annotations = { 'org.example': 'x' }

/** Valid ones of each kind. */
const GOOD: readonly unknown[] = [
  imageOf([layer], { subject, annotations, artifactType: 'a/b' }),
  imageOf([layer, layer], { mediaType: DOCKER_MANIFEST }),
  indexOf([imageOf()], { subject, annotations }),
  indexOf([imageOf()], { mediaType: DOCKER_LIST }),
  imageOf([], {
    layers: [{ ...descriptorOf('a/b', layer), data: layer.bytes.toString('base64') }],
  }),
].map(({ bytes }) => JSON.parse(bytes.toString()))

const artifact = {
  mediaType: OCI_ARTIFACT,
  artifactType: 'a/b',
  blobs: [descriptorOf('c/d', layer)],
}

type Path = readonly (string | number)[]

/** Where a document can be changed: every field and element, at any depth. */
const pathsOf = (value: unknown, at: Path = []): Path[] =>
  typeof value === 'object' && value !== null
    ? [at, ...Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...at, key]))]
    : [at]

const changed = (value: unknown, [first, ...rest]: Path, to: unknown): unknown => {
  if (first === undefined) return to
  if (Array.isArray(value)) {
    return value.map((each, at) => (String(at) === String(first) ? changed(each, rest, to) : each))
  }
  const record = value as Record<string, unknown>
  return { ...record, [first]: changed(record[first], rest, to) }
}

const replacement = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, '', 0, -1, 1.5, 2, [], {}, '2', true, 1e300),
  fc.constantFrom(
    ...MANIFEST_TYPES,
    ...SCHEMA1,
    `sha256:${'0'.repeat(64)}`,
    'sha256:',
    '__proto__',
  ),
  fc.jsonValue(),
)

const mutated = fc
  .tuple(
    fc.constantFrom(...GOOD, artifact),
    fc.array(fc.tuple(fc.nat(), replacement), { minLength: 1, maxLength: 3 }),
  )
  .map(([good, changes]) =>
    changes.reduce<unknown>((document, [at, to]) => {
      const paths = pathsOf(document)
      return changed(document, paths[at % paths.length] ?? [], to)
    }, good),
  )

const contentType = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom(...MANIFEST_TYPES, ...SCHEMA1, `${OCI_MANIFEST}; charset=utf-8`, ''),
  fc.string(),
)

/** Parses, and returns the refusal, if any; other failures fail the test. */
const refusal = (bytes: Uint8Array, type: string | undefined): RegistryError | undefined => {
  try {
    const manifest = parseManifest(bytes, type)
    for (const { digest, size } of [...manifest.references, ...manifest.unchecked]) {
      assert.match(digest, /^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/)
      assert.ok(Number.isSafeInteger(size) && size >= 0)
    }
    assert.ok(MANIFEST_TYPES.includes(manifest.mediaType))
    assert.equal(atOnce(storedMediaType(bytes)), manifest.mediaType)
    expect(parseStoredManifest(bytes)).toEqual(manifest)
    return undefined
  } catch (error) {
    if (error instanceof RegistryError) return error
    throw error
  }
}

describe('manifests', () => {
  test('valid ones are accepted', () => {
    for (const good of [...GOOD, artifact]) {
      assert.equal(refusal(Buffer.from(JSON.stringify(good)), undefined), undefined)
    }
  })

  const check = (bytes: Uint8Array, type: string | undefined): void => {
    const refused = refusal(bytes, type)
    if (refused === undefined) return
    assert.equal(refused.code, 'MANIFEST_INVALID')
    assert.ok(refused.message.length > 0 && refused.message.length < 2000)
  }

  test('with one to three fields changed', () => {
    const outcomes = new Set<boolean>()
    fc.assert(
      fc.property(mutated, contentType, (document, type) => {
        const bytes = Buffer.from(JSON.stringify(document) ?? '')
        check(bytes, type)
        outcomes.add(refusal(bytes, undefined) === undefined)
      }),
      { numRuns: 3000 },
    )
    assert.equal(outcomes.size, 2, 'some must be accepted and some refused')
  })

  test('any JSON', () =>
    fc.assert(
      fc.property(fc.json(), contentType, (json, type) => check(Buffer.from(json), type)),
      {
        numRuns: 1000,
      },
    ))

  test('any bytes, and valid ones cut or with one byte changed', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 100 }),
          fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => {
            const bytes = Buffer.from(JSON.stringify(GOOD[at % GOOD.length]))
            bytes[at % bytes.length] = byte
            return bytes
          }),
          fc.nat(2000).map((at) => Buffer.from(JSON.stringify(GOOD[0])).subarray(0, at)),
        ),
        fc.constantFrom(undefined, OCI_MANIFEST, OCI_INDEX),
        check,
      ),
      { numRuns: 2000 },
    ))

  test('nested as deeply as 4 MiB allow', () => {
    const deep = (open: string, close: string, levels: number) =>
      Buffer.from(open.repeat(levels) + close.repeat(levels))
    check(deep('[', ']', 2_000_000), OCI_MANIFEST)
    check(deep('{"manifests":', '}', 250_000), OCI_MANIFEST)
  })
})
