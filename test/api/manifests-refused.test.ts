/**
 * Manifests that are refused, and leave nothing that can be read.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { beforeAll, test } from 'vitest'
import type { WireCode } from '../../functions/api/errors.ts'
import { MAX_MANIFEST_BYTES } from '../../functions/registry/manifests.ts'
import {
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
  SCHEMA1,
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
  LAYER_TYPE,
  putBlob,
  putManifest,
} from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { checkError, exchange, play, type Row, table } from '../support/hosts/exchange.ts'

const LAYER = blob('layer', 100)
const MISSING = blob('missing', 100)
const IMAGE = imageOf()
const json = (value: unknown): Content => contentOf(JSON.stringify(value))
const config = (fields: object) =>
  imageOf([], { config: { ...descriptorOf(CONFIG_TYPE, CONFIG), ...fields } })
const layer = (fields: object) =>
  imageOf([], { layers: [{ ...descriptorOf(LAYER_TYPE, LAYER), ...fields }] })

interface Refusal {
  readonly description: string
  readonly content: Content
  /** Content-Type; an OCI image manifest's by default. */
  readonly type?: string
  readonly code?: WireCode
  readonly message: RegExp
}

const unknown = 'MANIFEST_BLOB_UNKNOWN'
const [TEXT, INDEX_TEXT] = [imageOf([LAYER]), indexOf([IMAGE])].map(({ bytes }) => bytes.toString())

/** The image's or the index's text, changed at one place, as one parser and another may read it. */
const text = (description: string, from: string, to: string, message: RegExp): Refusal => {
  const index = !TEXT?.includes(from)
  const content = contentOf((index ? INDEX_TEXT : TEXT)?.replace(from, to) ?? '')
  return { description, content, message, ...(index ? { type: OCI_INDEX } : {}) }
}

const AMBIGUOUS: readonly Refusal[] = [
  text('a byte order mark', '{', '\uFEFF{', /begins with a byte order mark/),
  text('more after the end', '}]}', '}]} null', /more after its end/),
  text('fields twice', '{', '{"schemaVersion":2,', /schemaVersion: it is there twice/),
  text('a size twice', '"size":100', '"size":100,"size":100', /layers.0.size: it is there twice/),
  text('Layers', '"layers"', '"Layers"', /Layers: some readers take it for layers/),
  text('Layers beside layers', '"layers"', '"Layers":[],"layers"', /take it for layers/),
  text('a long s in layers', '"layers"', '"layerſ":[],"layers"', /take it for layers/),
  text('Config', '"config"', '"CONFIG":{},"config"', /take it for config/),
  text('MediaType', '{', '{"MediaType":"a/b",', /take it for mediaType/),
  text('SchemaVersion', '{', '{"schemaversion":1,', /take it for schemaVersion/),
  text('Subject', '{', '{"Subject":{},', /take it for subject/),
  text('Digest', '"size":100', '"size":100,"Digest":"x"', /layers.0.Digest: some readers/),
  text('the size of a config', '"config":{', '"config":{"Size":1,', /config.Size: some readers/),
  text('Manifests', '"manifests"', '"Manifests":[],"manifests"', /take it for manifests/),
  text('OS', '"manifests":[{', '"manifests":[{"platform":{"OS":"a"},', /platform.OS: some/),
  text('a size 1e2', '"size":100', '"size":1e2', /layers.0.size: expected an integer/),
  text('a size 100.0', '"size":100', '"size":100.0', /layers.0.size: expected an integer/),
  text('schemaVersion 2.0', '"schemaVersion":2', '"schemaVersion":2.0', /schemaVersion: expected/),
  text('null as layer', '"layers":[', '"layers":[null,', /layers.0: expected a JSON object/),
  text('null as annotation', '{', '{"annotations":{"a":null},', /annotations.a: expected a string/),
  text('numbers as URLs', '"size":100', '"size":100,"urls":[1]', /layers.0.urls.0: expected a str/),
  text('a text as platform', '"manifests":[{', '"manifests":[{"platform":"x",', /platform: expect/),
  text('half a pair', '{', '{"annotations":{"a":"\\ud800"},', /half a surrogate pair/),
  text('fsLayers', '{', '{"fsLayers":[],', /fsLayers: not allowed/),
  text('history', '{', '{"history":[],', /history: not allowed/),
  {
    description: 'more members than are accepted',
    content: imageOf([], { x: Array.from({ length: 120_001 }, () => 1) }),
    message: /more than 120000 members and elements/,
  },
  {
    description: 'an object of more members than are accepted',
    content: imageOf([], {
      annotations: Object.fromEntries(Array.from({ length: 10_001 }, (_, at) => [`a${at}`, ''])),
    }),
    message: /an object of more than 10000 members/,
  },
  {
    description: 'more levels than are accepted',
    content: contentOf(`{"x":${'['.repeat(64)}${']'.repeat(64)}}`),
    message: /more than 64 arrays and objects inside each other/,
  },
]

const REFUSALS: readonly Refusal[] = [
  { description: 'nothing', content: contentOf(''), message: /not JSON/ },
  { description: 'no JSON', content: contentOf('{'), message: /not JSON/ },
  {
    description: 'no UTF-8',
    content: contentOf(Buffer.from('{"a":"\xff"}', 'latin1')),
    message: /not JSON in UTF-8/,
  },
  ...['[]', 'null', '2', '"a"'].map((text) => ({
    description: text,
    content: contentOf(text),
    message: /expected a JSON object/,
  })),
  {
    description: 'schema 1',
    content: json({ schemaVersion: 1, name: 'a/b', fsLayers: [] }),
    message: /does not take schema 1 manifests: push the image as schema 2/,
  },
  ...SCHEMA1.map((type) => ({
    description: `schema 1 as ${type}`,
    type,
    content: json({ schemaVersion: 1 }),
    message: /does not take schema 1 manifests/,
  })),
  {
    description: 'schemaVersion 3',
    content: imageOf([], { schemaVersion: 3 }),
    message: /schemaVersion/,
  },
  {
    description: 'no schemaVersion',
    content: imageOf([], { schemaVersion: undefined }),
    message: /schemaVersion/,
  },
  {
    description: 'mediaType that is not Content-Type',
    content: imageOf([], { mediaType: DOCKER_MANIFEST }),
    message: new RegExp(
      `"${DOCKER_MANIFEST.replaceAll('+', '\\+')}" does not match its Content-Type`,
    ),
  },
  {
    description: 'Docker without mediaType',
    type: DOCKER_MANIFEST,
    content: imageOf([], { mediaType: undefined }),
    message: /has no mediaType field/,
  },
  {
    description: 'an unsupported type',
    type: 'application/vnd.example+json',
    content: imageOf([], { mediaType: undefined }),
    message: /unsupported manifest type "application\/vnd.example\+json"/,
  },
  {
    description: 'application/json',
    type: 'application/json',
    content: imageOf([], { annotations: { type: 'json' } }),
    message: /unsupported manifest type "application\/json"/,
  },
  {
    description: 'image without config',
    content: imageOf([], { config: undefined }),
    message: /config/,
  },
  {
    description: 'image with manifests',
    content: imageOf([], { manifests: [] }),
    message: /manifests: not allowed/,
  },
  {
    description: 'index with layers',
    type: OCI_INDEX,
    content: indexOf([], { layers: [] }),
    message: /layers: not allowed/,
  },
  {
    description: 'index with config',
    type: OCI_INDEX,
    content: indexOf([], { config: descriptorOf(CONFIG_TYPE, CONFIG) }),
    message: /config: not allowed/,
  },
  {
    description: 'layers that are no list',
    content: imageOf([], { layers: {} }),
    message: /layers/,
  },
  {
    description: 'annotations that are no strings',
    content: imageOf([], { annotations: { a: 1 } }),
    message: /annotations.a/,
  },
  {
    description: 'no digest in config',
    content: config({ digest: 'sha256:abc' }),
    message: /config.digest: expected sha256/,
  },
  {
    description: 'a digest of another algorithm',
    content: layer({ digest: 'md5:abc' }),
    message: /layers.0.digest/,
  },
  { description: 'no size', content: layer({ size: undefined }), message: /layers.0.size/ },
  { description: 'negative size', content: layer({ size: -1 }), message: /layers.0.size/ },
  { description: 'half a byte', content: layer({ size: 0.5 }), message: /layers.0.size/ },
  {
    description: 'layer of another size',
    content: layer({ size: 99 }),
    message: new RegExp(`says ${LAYER.sha256} has 99 bytes, but it has 100`),
  },
  {
    description: 'config of another size',
    content: config({ size: 1 }),
    message: new RegExp(`says ${CONFIG.sha256} has 1 bytes`),
  },
  {
    description: 'child of another size',
    type: OCI_INDEX,
    content: indexOf([], { manifests: [{ ...descriptorOf(OCI_MANIFEST, IMAGE), size: 5 }] }),
    message: /has 5 bytes, but it has/,
  },
  {
    description: 'data that is not the content',
    content: config({ data: Buffer.from('other').toString('base64') }),
    message: /data field/,
  },
  { description: 'data that is no base64', content: config({ data: '%' }), message: /config.data/ },
  {
    description: 'URLs of other protocols',
    content: layer({ urls: ['file:///etc/passwd'] }),
    message: /layers.0.urls/,
  },
  {
    description: 'subject without a digest',
    content: imageOf([], { subject: { mediaType: OCI_MANIFEST, size: 1 } }),
    message: /subject.digest/,
  },
  {
    description: 'missing config',
    code: unknown,
    content: imageOf([], { config: descriptorOf(CONFIG_TYPE, MISSING) }),
    message: new RegExp(`refers to ${MISSING.sha256}, missing from the repository a/b`),
  },
  {
    description: 'missing layer',
    code: unknown,
    content: imageOf([LAYER, MISSING]),
    message: new RegExp(MISSING.sha256),
  },
  {
    description: 'five missing layers',
    code: unknown,
    content: imageOf([1, 2, 3, 4, 5].map((n) => blob(`missing ${n}`, 1))),
    message: /and 2 more/,
  },
  {
    description: 'missing child',
    code: unknown,
    type: OCI_INDEX,
    content: indexOf([imageOf([LAYER, LAYER, LAYER])]),
    message: /missing from the repository/,
  },
  {
    description: 'a blob as child',
    code: unknown,
    type: OCI_INDEX,
    content: indexOf([CONFIG]),
    message: /missing from the repository/,
  },
  {
    description: 'a manifest as layer',
    code: unknown,
    content: imageOf([IMAGE]),
    message: /missing from the repository/,
  },
]

const ROWS: readonly Row[] = [...REFUSALS, ...AMBIGUOUS].map(
  ({ description, content, type = OCI_MANIFEST, code = 'MANIFEST_INVALID', message }) => ({
    description: `${description} is refused`,
    steps: [
      { ...putManifest('a/b', 'refused', content, type), status: 400, error: code, message },
      { send: 'GET /v2/a/b/manifests/refused', status: 404, error: 'MANIFEST_UNKNOWN' },
      { send: `GET /v2/a/b/manifests/${content.sha256}`, status: 404, error: 'MANIFEST_UNKNOWN' },
    ],
  }),
)

const REFERENCES: readonly Row[] = [
  [
    'under the digest of other content',
    MISSING.sha256,
    'DIGEST_INVALID',
    new RegExp(`is ${IMAGE.sha256}, not ${MISSING.sha256}`),
  ],
  [
    'under the sha512 of other content',
    MISSING.sha512,
    'DIGEST_INVALID',
    new RegExp(`is ${IMAGE.sha512}, not ${MISSING.sha512}`),
  ],
  ['under no digest', 'sha256:baddigeststring', 'DIGEST_INVALID', /"sha256:baddigeststring"/],
  ['under no tag', '.hidden', 'TAG_INVALID', /"\.hidden"/],
  ['under a tag of 129 characters', 'x'.repeat(129), 'TAG_INVALID', /1 to 128/],
].map(
  ([description, reference, code, message]): Row => ({
    description: `a manifest ${description} is refused`,
    steps: [
      {
        ...putManifest('a/b', reference as string, IMAGE),
        status: 400,
        error: code as WireCode,
        message: message as RegExp,
      },
    ],
  }),
)

/** An image manifest of exactly this many bytes. */
const sized = (size: number): Content => {
  const padding = size - imageOf([], { annotations: { padding: '' } }).bytes.length
  return imageOf([], { annotations: { padding: 'x'.repeat(padding) } })
}
const [LARGEST, TOO_LARGE, FIVE_MB] = [
  sized(MAX_MANIFEST_BYTES),
  sized(MAX_MANIFEST_BYTES + 1),
  sized(5_000_000),
]
const streamed = ({ bytes }: Content): AsyncIterable<Uint8Array> => ({
  async *[Symbol.asyncIterator]() {
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
  },
})

const SIZES: readonly Row[] = [
  {
    description: 'a manifest of 4 MiB is taken, sent either way',
    steps: [
      putManifest('a/b', 'largest', LARGEST),
      { ...putManifest('a/b', 'largest', LARGEST), body: streamed(LARGEST) },
      { send: 'GET /v2/a/b/manifests/largest', status: 200, answer: LARGEST.bytes },
      {
        send: 'HEAD /v2/a/b/manifests/largest',
        status: 200,
        expect: { 'Content-Length': '4194304' },
      },
    ],
  },
]

onEveryHost((host) => {
  beforeAll(() =>
    play(host, [putBlob('a/b', CONFIG), putBlob('a/b', LAYER), putManifest('a/b', 'image', IMAGE)]),
  )
  table(host, [...ROWS, ...REFERENCES, ...SIZES])

  for (const [name, content] of [
    ['4 MiB and a byte', TOO_LARGE],
    ['5 MB', FIVE_MB],
  ] as const) {
    for (const body of [content.bytes, streamed(content)]) {
      const how = body instanceof Uint8Array ? '' : ' in chunks'
      test(`a manifest of ${name}${how} is refused`, async () => {
        const push = { ...putManifest('a/b', 'too-large', content), body }
        // The gateway itself refuses what does not fit a function's event.
        const refused = content === FIVE_MB && host.gateway
        const status = refused ? refused.tooLarge : 413
        const answer = await exchange(host, { ...push, status })
        if (refused) assert.deepEqual(Object.keys(JSON.parse(answer.body.toString())), ['message'])
        else checkError(answer, 'SIZE_INVALID', /larger than 4194304 bytes/)
        await exchange(host, { send: 'GET /v2/a/b/manifests/too-large', status: 404 })
      })
    }
  }
})
