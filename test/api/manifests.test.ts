/**
 * Manifests of all kinds: pushed, and read back byte for byte.
 *
 * @module
 */

import { beforeAll } from 'vitest'
import {
  DOCKER_LIST,
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
  LAYER_TYPE,
  putBlob,
  putManifest,
} from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Exchange, play, type Row, singles, table } from '../support/hosts/exchange.ts'

const LAYERS = [blob('layer 1', 300), blob('layer 2', 200)] as const
const MISSING = blob('not pushed', 10)
const IMAGE = imageOf(LAYERS)
const INNER = indexOf([IMAGE])
const at = (reference: string): string => `/v2/a/b/manifests/${reference}`
const json = (value: object): Content => contentOf(JSON.stringify(value))
const sha512Of = (mediaType: string, { bytes, sha512 }: Content) => ({
  mediaType,
  digest: sha512,
  size: bytes.length,
})

/** Kinds of manifests that are accepted, each referring only to what was pushed before. */
const KINDS: readonly (readonly [name: string, type: string, content: Content])[] = [
  ['OCI image', OCI_MANIFEST, IMAGE],
  ['OCI image without layers', OCI_MANIFEST, imageOf()],
  ['OCI image without the field layers', OCI_MANIFEST, imageOf([], { layers: undefined, n: 1 })],
  ['OCI image without mediaType', OCI_MANIFEST, imageOf(LAYERS, { mediaType: undefined })],
  ['OCI image with the same layer twice', OCI_MANIFEST, imageOf([LAYERS[0], LAYERS[0]])],
  [
    'OCI image with null fields',
    OCI_MANIFEST,
    imageOf([], { layers: null, annotations: null, subject: null }),
  ],
  ['OCI index', OCI_INDEX, INNER],
  ['OCI index of nothing', OCI_INDEX, indexOf()],
  ['OCI index without mediaType', OCI_INDEX, indexOf([IMAGE], { mediaType: undefined })],
  [
    'nested index',
    OCI_INDEX,
    indexOf([], { manifests: [descriptorOf(OCI_INDEX, INNER), descriptorOf(OCI_MANIFEST, IMAGE)] }),
  ],
  ['Docker schema 2', DOCKER_MANIFEST, imageOf(LAYERS, { mediaType: DOCKER_MANIFEST })],
  ['Docker list', DOCKER_LIST, indexOf([IMAGE], { mediaType: DOCKER_LIST })],
  [
    'artifact of one blob',
    OCI_MANIFEST,
    imageOf([LAYERS[0]], { artifactType: 'application/vnd.example.sbom' }),
  ],
  ['artifact index', OCI_INDEX, indexOf([IMAGE], { artifactType: 'application/vnd.example.set' })],
  [
    'artifact manifest',
    OCI_ARTIFACT,
    json({
      mediaType: OCI_ARTIFACT,
      artifactType: 'application/x',
      blobs: [descriptorOf('text/plain', LAYERS[0])],
    }),
  ],
  [
    'image with data fields',
    OCI_MANIFEST,
    imageOf([], {
      config: { ...descriptorOf(CONFIG_TYPE, CONFIG), data: CONFIG.bytes.toString('base64') },
    }),
  ],
  [
    'image with unknown fields',
    OCI_MANIFEST,
    imageOf(LAYERS, { 'org.example.new': { a: [1, null] } }),
  ],
  [
    'image with annotations',
    OCI_MANIFEST,
    imageOf(LAYERS, { annotations: { 'org.example': 'ü ✓' } }),
  ],
  [
    'image of sha512 blobs',
    OCI_MANIFEST,
    imageOf([], {
      config: sha512Of(CONFIG_TYPE, CONFIG),
      layers: [sha512Of(LAYER_TYPE, LAYERS[0])],
    }),
  ],
  ...[
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ].map((type): [string, string, Content] => [
    `image with a missing layer of ${type}`,
    OCI_MANIFEST,
    imageOf([], {
      layers: [{ ...descriptorOf(type, MISSING), urls: ['https://example.com/layer'] }],
    }),
  ]),
  [
    'odd whitespace',
    OCI_MANIFEST,
    contentOf(` \n\t${IMAGE.bytes.toString().replaceAll(',', ' ,\r\n')}\n\n`),
  ],
  [
    'escapes in names and values',
    OCI_MANIFEST,
    contentOf(
      IMAGE.bytes
        .toString()
        .replace('"layers"', '"\\u006cayers"')
        .replace('{', '{"annotations":{"a":"\\ud83d\\ude00\\u0000"},'),
    ),
  ],
  [
    'unknown fields with any numbers, and nulls',
    OCI_MANIFEST,
    contentOf(
      IMAGE.bytes
        .toString()
        .replace('{', '{"x":[1e3,-0,1.5,{"Size":1}],"subject":null,"annotations":null,'),
    ),
  ],
]

const reads = (reference: string, type: string, { bytes }: Content, digest: string): Exchange[] =>
  ['GET', 'HEAD'].map((method) => ({
    send: `${method} ${at(reference)}`,
    status: 200,
    ...(method === 'GET' ? { answer: bytes } : {}),
    expect: {
      'Content-Type': type,
      'Content-Length': String(bytes.length),
    },
    direct: { 'Docker-Content-Digest': digest, ETag: `"${digest}"` },
  }))

const created = (digest: string): Exchange['expect'] => ({
  Location: at(digest),
  'Docker-Content-Digest': digest,
  'Content-Length': '0',
  'OCI-Subject': null,
  'OCI-Tag': null,
})

const PUSHES: readonly Row[] = KINDS.map(([description, type, content], index) => ({
  description,
  steps: [
    {
      ...putManifest('a/b', `tag-${index}`, content, type),
      answer: '',
      expect: created(content.sha256),
    },
    ...reads(`tag-${index}`, type, content, content.sha256),
    ...reads(content.sha256, type, content, content.sha256),
    { ...putManifest('a/b', content.sha256, content, type), expect: created(content.sha256) },
    { ...putManifest('a/b', content.sha512, content, type), expect: created(content.sha512) },
    ...reads(content.sha512, type, content, content.sha512),
  ],
}))

const PLAIN = imageOf([], { annotations: { plain: '1' } })
const CONTENT_TYPES = singles(
  [
    [`${OCI_MANIFEST}; charset=utf-8`, PLAIN],
    [OCI_MANIFEST.toUpperCase(), PLAIN],
    ['', PLAIN],
  ].map(([type, content]) => [
    `Content-Type ${type || 'not sent'}`,
    {
      send: `PUT ${at('typed')}`,
      headers: type ? { 'Content-Type': type as string } : {},
      body: (content as Content).bytes,
      status: 201,
    },
  ]),
)

const WARNINGS = singles([
  [
    'there is a warning about a withdrawn type',
    {
      ...putManifest(
        'a/b',
        'w',
        json({ mediaType: OCI_ARTIFACT, artifactType: 'a' }),
        OCI_ARTIFACT,
      ),
      expect: { Warning: /^299 - ".*withdrawn.*"$/ },
    },
  ],
  [
    'there is a warning about an unchecked layer',
    {
      ...putManifest(
        'a/b',
        'w',
        imageOf([], {
          layers: [
            descriptorOf('application/vnd.oci.image.layer.nondistributable.v1.tar', MISSING),
          ],
        }),
      ),
      expect: { Warning: new RegExp(`^299 - "1 non-distributable .*${MISSING.sha256}"$`) },
    },
  ],
  ['nothing else is', { ...putManifest('a/b', 'w', IMAGE), expect: { Warning: null } }],
])

onEveryHost((host) => {
  beforeAll(() =>
    play(host, [
      ...[CONFIG, ...LAYERS].map((each) => putBlob('a/b', each)),
      ...[CONFIG, LAYERS[0]].map((each) => ({
        ...putBlob('a/b', each),
        send: `POST /v2/a/b/blobs/uploads/?digest=${each.sha512}`,
      })),
      putManifest('a/b', 'image', IMAGE),
      putManifest('a/b', 'inner', INNER, OCI_INDEX),
    ]),
  )
  table(host, [...PUSHES, ...CONTENT_TYPES, ...WARNINGS])
})
