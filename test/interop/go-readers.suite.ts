/**
 * What Slipway accepts as a manifest is read alike by Go: by encoding/json into the structs of image-spec
 * and go-containerregistry, for manifests changed at random, and by crane and skopeo for samples.
 *
 * @module
 */

import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RegistryError } from '../../functions/registry/errors.ts'
import {
  type Manifest,
  parseManifest,
  parseStoredManifest,
} from '../../functions/registry/manifest.ts'
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  isIndex,
  OCI_ARTIFACT,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../functions/registry/media-types.ts'
import {
  blob,
  CONFIG,
  contentOf,
  descriptorOf,
  imageOf,
  indexOf,
  LAYER_TYPE,
} from '../support/hosts/content.ts'
import { run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, startRegistry } from '../support/live/registry.ts'

type Json = Readonly<Record<string, unknown>>
type Read = (json: Json) => Json

const compact = (json: Json): Json =>
  Object.fromEntries(
    Object.entries(json).filter(
      ([, value]) =>
        value != null &&
        value !== '' &&
        !(typeof value === 'object' && Object.keys(value).length === 0),
    ),
  )

const pick =
  (fields: Readonly<Record<string, Read | 'as it is' | readonly [Read]>>): Read =>
  (json) =>
    compact(
      Object.fromEntries(
        Object.entries(fields).map(([name, read]) => {
          const value = Object.hasOwn(json, name) ? json[name] : undefined
          if (value == null || read === 'as it is') return [name, value]
          if (typeof read === 'function') return [name, read(value as Json)]
          return [name, (value as Json[]).map((each) => read[0](each))]
        }),
      ),
    )

const platform = pick({
  architecture: 'as it is',
  os: 'as it is',
  'os.version': 'as it is',
  'os.features': 'as it is',
  variant: 'as it is',
})
const descriptor = pick({
  mediaType: 'as it is',
  digest: 'as it is',
  size: 'as it is',
  urls: 'as it is',
  annotations: 'as it is',
  data: 'as it is',
  artifactType: 'as it is',
  platform,
})
/** The fields that Go's structs have, without those that are empty: Go does not tell them from absent. */
const known = pick({
  mediaType: 'as it is',
  artifactType: 'as it is',
  config: descriptor,
  layers: [descriptor],
  manifests: [descriptor],
  blobs: [descriptor],
  subject: descriptor,
  annotations: 'as it is',
})

const layer = blob('layer', 100)
const subject = descriptorOf(OCI_MANIFEST, imageOf())
const described = {
  ...descriptorOf(LAYER_TYPE, layer),
  urls: ['https://example.com/a'],
  annotations: { 'org.example/a': 'é😀', Size: '1', digest: '' },
  data: layer.bytes.toString('base64'),
}
const child = {
  ...descriptorOf(OCI_MANIFEST, imageOf()),
  artifactType: 'a/b',
  platform: {
    architecture: 'arm',
    os: 'windows',
    'os.version': '10.0',
    'os.features': ['win32k'],
    variant: 'v7',
  },
}
const annotations = { a: '1', A: '2' }
const GOOD: readonly string[] = [
  imageOf([layer], { subject, annotations, artifactType: 'a/b' }).bytes,
  imageOf([], { layers: [described, described], mediaType: DOCKER_MANIFEST }).bytes,
  imageOf([], { layers: null, annotations: null, mediaType: undefined }).bytes,
  indexOf([], { manifests: [child, child], subject, annotations }).bytes,
  indexOf([imageOf()], { mediaType: DOCKER_LIST }).bytes,
  Buffer.from(JSON.stringify({ mediaType: OCI_ARTIFACT, artifactType: 'a/b', blobs: [described] })),
].map(String)

/** A token of a JSON text. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|[{}[\],:]|true|false|null/g

const recased = (token: string, at: number): string => {
  const index = at % Math.max(token.length, 1)
  const letter = token[index] ?? ''
  const other = { s: 'ſ', k: '\u212A', S: 'ſ' }[letter] ?? letter.toUpperCase()
  return token.slice(0, index) + (at % 2 ? other : letter.toUpperCase()) + token.slice(index + 1)
}

const escaped = (token: string, at: number): string => {
  const index = 1 + (at % Math.max(token.length - 2, 1))
  const code = token.charCodeAt(index)
  if (token.length < 3 || token.includes('\\')) return token
  return `${token.slice(0, index)}\\u${code.toString(16).padStart(4, '0')}${token.slice(index + 1)}`
}

const REPLACEMENTS = [
  'null',
  'true',
  '0',
  '-0',
  '1',
  '-1',
  '1.0',
  '1e2',
  '1E+2',
  '100.0',
  '0.5',
  '9007199254740991',
  '9007199254740992',
  '9223372036854775807',
  '9223372036854775808',
  '1e400',
  '"1"',
  '""',
  '[]',
  '{}',
  '[null]',
  '[1]',
  '["a"]',
  '[[]]',
  '{"a":1}',
  '{"a":"b"}',
  '{"Size":1}',
  '"\\ud800"',
  '"\\ud83d\\ude00"',
  '"\\u0000"',
  '"a\\/b"',
  '[{}]',
  '{"mediaType":"a/b","digest":"","size":0}',
  '02',
  '+1',
  '.5',
  "'a'",
  'NaN',
  '//',
  '"é"',
]
const MEMBERS = [
  '"size":1',
  '"Size":1',
  '"x":1e3',
  '"digest":"x"',
  '"layers":[]',
  '"Layers":[{}]',
  '"manifests":[]',
  '"config":null',
  '"annotations":{"a":null}',
  '"annotations":{"a":"b"}',
  '"urls":[1]',
  '"URLs":["a"]',
  '"data":"AA=="',
  '"data":"AA"',
  '"platform":{"OS":"a"}',
  '"platform":{"os":1}',
  '"platform":null',
  '"schemaVersion":2',
  '"schemaVersion":1',
  '"fsLayers":[]',
  '"history":null',
  '"__proto__":{"size":3}',
  '"platform":{"os.features":["a",1]}',
  '"platform":{"features":1}',
  '"\\u0073ize":7',
  '"ſize":7',
]

/** Changes one token of a text, or adds a member, or changes what is around it. */
const change = (text: string, kind: number, at: number, by: number): string => {
  const tokens = [...text.matchAll(TOKEN)]
  const token = tokens[at % Math.max(tokens.length, 1)]
  if (token === undefined) return text
  const [value] = token
  const put = (other: string): string =>
    text.slice(0, token.index) + other + text.slice(token.index + value.length)
  const names = (): string => {
    const next = tokens.filter(({ index }) => text[index] === '{')
    const object = next[at % Math.max(next.length, 1)]
    if (object === undefined) return text
    const start = object.index + 1
    const comma = text[start] === '}' ? '' : ','
    return `${text.slice(0, start)}${MEMBERS[by % MEMBERS.length]}${comma}${text.slice(start)}`
  }
  switch (kind) {
    case 0:
      return value.startsWith('"') ? put(recased(value, by)) : put(` ${value}\n`)
    case 1:
      return value.startsWith('"') ? put(escaped(value, by)) : text
    case 2:
      return put(REPLACEMENTS[by % REPLACEMENTS.length] ?? '')
    case 3:
      return names()
    case 4:
      return [`\uFEFF${text}`, `${text}{}`, `${text} null`, `${text}\0`, ` ${text}\n`][by % 5] ?? ''
    case 5:
      return put(value + value)
    default:
      return put('')
  }
}

const mutated = fc
  .tuple(
    fc.constantFrom(...GOOD),
    // Names and numbers more often than what is no JSON any more.
    fc.array(fc.tuple(fc.constantFrom(0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 5, 6), fc.nat(), fc.nat()), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([good, changes]) =>
    changes.reduce((text, [kind, at, by]) => change(text, kind, at, by), good),
  )

interface Reading {
  readonly value?: Json
  readonly error?: string
}
type Readings = Readonly<
  Record<'image' | 'index' | 'artifact' | 'ggcrImage' | 'ggcrIndex', Reading>
>

/** What Go reads in each text. */
const goReadings = async (texts: readonly string[]): Promise<Readings[]> => {
  const input = texts.map((text) => `${JSON.stringify(Buffer.from(text).toString('base64'))}\n`)
  const output = await run('manifest-reader', [], { input: input.join('') })
  const readings = output.trimEnd().split('\n')
  expect(readings).toHaveLength(texts.length)
  return readings.map((line) => JSON.parse(line))
}

const tryParse = (parse: () => Manifest): Manifest | undefined => {
  try {
    return parse()
  } catch (error) {
    if (error instanceof RegistryError) return undefined
    throw error
  }
}

/** Why Go reads a text otherwise than JSON.parse and Slipway; undefined if it reads it alike. */
const difference = (text: string, manifest: Manifest, readings: Readings): string | undefined => {
  const index = isIndex(manifest.mediaType)
  const kind = manifest.mediaType === OCI_ARTIFACT ? 'artifact' : index ? 'index' : 'image'
  const { config, layers, manifests, blobs, ...rest } = JSON.parse(text) as Json
  // What another kind of manifest has is unknown to this kind's readers.
  const own = { image: { config, layers }, index: { manifests }, artifact: { blobs } }[kind]
  const expected = known({ ...rest, ...own })
  const all = Object.values(own)
    .flat()
    .filter(Boolean)
    .map((each) => descriptor(each as Json))
  const ours = [...manifest.references, ...manifest.unchecked].map(({ digest }) => digest).sort()
  if (!isDeepStrictEqual(all.map(({ digest }) => digest).sort(), ours)) return 'Slipway itself'
  const checkOf = (name: string, { value, error }: Reading, fields: Json): string | undefined => {
    if (value === undefined) return `${name} refuses it: ${error}`
    const got = known(value)
    return isDeepStrictEqual(got, fields) ? undefined : `${name} reads ${JSON.stringify(got)}`
  }
  const ggcr = index ? readings.ggcrIndex : readings.ggcrImage
  // go-containerregistry knows no sha512, no artifacts, and no artifactType of an index.
  const { artifactType: _, ...withoutType } = expected
  const ggcrKnows = kind !== 'artifact' && !text.includes('sha512:')
  return (
    checkOf(kind, readings[kind], expected) ??
    (ggcrKnows
      ? checkOf(
          'go-containerregistry',
          { ...ggcr, ...(ggcr.value && { value: { ...ggcr.value, artifactType: undefined } }) },
          withoutType,
        )
      : undefined)
  )
}

describe('Go reads what is accepted as it was meant', () => {
  test('manifests with one to three changes', async ({ annotate }) => {
    const texts = [...GOOD, ...fc.sample(mutated, 20_000)]
    const readings = await goReadings(texts)
    let accepted = 0
    let leniently = 0
    texts.forEach((text, at) => {
      const read = readings[at]!
      const manifest = tryParse(() => parseManifest(Buffer.from(text), undefined))
      if (manifest !== undefined) {
        accepted += 1
        expect(difference(text, manifest, read), text).toBeUndefined()
        return
      }
      const lenient = tryParse(() => parseStoredManifest(Buffer.from(text)))
      if (lenient && !text.startsWith('\uFEFF') && difference(text, lenient, read)) leniently += 1
    })
    await annotate(
      `${accepted} of ${texts.length} accepted; ${leniently} refused that JSON.parse reads otherwise than Go`,
    )
    expect(accepted).toBeGreaterThan(2000)
    expect(leniently, 'the comparison must find what it is for').toBeGreaterThan(500)
  })
})

describe('crane and skopeo read what was accepted', () => {
  const image = imageOf([layer], { annotations }).bytes.toString()
  const index = indexOf([imageOf([layer], { annotations })]).bytes.toString()
  const SAMPLES: readonly (readonly [name: string, type: string, text: string])[] = [
    ['as it is', OCI_MANIFEST, image],
    ['with blanks', OCI_MANIFEST, ` \n${image.replaceAll(',', ' ,\r\n\t')}\n`],
    ['with escaped names', OCI_MANIFEST, image.replace('"layers"', '"\\u006cayers"')],
    ['with unknown fields', OCI_MANIFEST, image.replace('{', '{"x":[1e3,-0,{"Layers":1}],')],
    ['with nulls', OCI_MANIFEST, image.replace('{', '{"subject":null,"artifactType":null,')],
    ['with annotations like fields', OCI_MANIFEST, image.replace('"A"', '"Layers"')],
    ['an index', OCI_INDEX, index],
    [
      'an index with platforms',
      OCI_INDEX,
      index.replace(
        '"size"',
        '"platform":{"os":"linux","architecture":"amd64","features":["x"]},"size"',
      ),
    ],
  ]
  const directory = scratch('go-readers')
  let registry: LiveRegistry
  const send = async (method: string, path: string, body: string | Uint8Array, type: string) => {
    const init = { method, body: Buffer.from(body as string), headers: { 'Content-Type': type } }
    const answer = await fetch(`http://${registry.address}${path}`, init)
    expect(answer.status, await answer.text()).toBe(201)
  }

  beforeAll(async () => {
    registry = await startRegistry('slipway', {
      directory: join(directory.path, 'store'),
    })
    for (const { sha256, bytes } of [CONFIG, layer]) {
      const path = `/v2/read/blobs/uploads/?digest=${sha256}`
      await send('POST', path, bytes, 'application/octet-stream')
    }
    await send('PUT', '/v2/read/manifests/child', image, OCI_MANIFEST)
  })
  afterAll(async () => {
    await registry?.close()
    directory.remove()
  })

  test.each(SAMPLES)('%s', async (_, type, text) => {
    const { sha256 } = contentOf(text)
    await send('PUT', '/v2/read/manifests/sample', text, type)
    const reference = `${registry.address}/read:sample`
    expect(await run('crane', ['manifest', reference])).toBe(text)
    expect((await run('crane', ['digest', reference])).trim()).toBe(sha256)
    await run('crane', [
      'pull',
      '--format=oci',
      reference,
      join(directory.path, `crane-${sha256.slice(7)}`),
    ])
    const raw = await run('skopeo', [
      'inspect',
      '--raw',
      '--tls-verify=false',
      `docker://${reference}`,
    ])
    expect(raw).toBe(text)
    const target = `dir:${join(directory.path, `skopeo-${sha256.slice(7)}`)}`
    await run('skopeo', [
      '--insecure-policy',
      'copy',
      '--all',
      '--src-tls-verify=false',
      `docker://${reference}`,
      target,
    ])
  })
})
