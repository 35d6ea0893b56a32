/**
 * What the page is looked at with: images, an index, a chart, an artifact, what refers to them, and texts that would be scripts if
 * anybody took them for HTML.
 *
 * @module
 */

import { OCI_INDEX, OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import {
  blob,
  CONFIG_TYPE,
  type Content,
  contentOf,
  descriptorOf,
  LAYER_TYPE,
} from '../../support/hosts/content.ts'

/** Sends a request to the registry. */
export type PageSend = (
  method: string,
  path: string,
  body: Uint8Array<ArrayBuffer>,
  type: string,
) => Promise<void>

/** Texts that must stay texts. */
export const EVIL = '<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>'

const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json'
const EMPTY = contentOf('{}')

const bytesOf = ({ bytes }: Content) => new Uint8Array(bytes)

const putBlob = (send: PageSend, name: string, content: Content) =>
  send(
    'POST',
    `/v2/${name}/blobs/uploads/?digest=${content.sha256}`,
    bytesOf(content),
    'application/octet-stream',
  )

const putManifest = (
  send: PageSend,
  name: string,
  reference: string,
  json: object,
  mediaType: string = OCI_MANIFEST,
) => {
  const content = contentOf(JSON.stringify({ schemaVersion: 2, mediaType, ...json }))
  const at = reference || content.sha256
  const path = `/v2/${name}/manifests/${at}`
  return send('PUT', path, bytesOf(content), mediaType).then(() => content)
}

const STEPS = [
  [
    '/bin/sh -c #(nop) ADD file:4eedf861fb567fffb2694b65ebdd58d5e371a2c28c3863f363f333cb34e5eb7b in / ',
    280_000,
  ],
  ['RUN /bin/sh -c apk add --no-cache ca-certificates tzdata # buildkit', 64_000],
  ['COPY /src/package.json /app/ # buildkit', 400],
  ['RUN /bin/sh -c npm ci --omit=dev && npm cache clean --force # buildkit', 190_000],
  ['COPY /src/dist /app/dist # buildkit', 31_000],
] as const

const image = async (
  send: PageSend,
  name: string,
  tag: string,
  {
    version,
    architecture = 'amd64',
    env = [] as readonly string[],
    fields = {},
    labels = {},
  }: {
    readonly version: string
    readonly architecture?: string
    readonly env?: readonly string[]
    readonly fields?: object
    readonly labels?: object
  },
): Promise<Content> => {
  const layers = STEPS.map(([, size], at) =>
    blob(`${at < 3 ? '' : version} ${architecture} ${at}`, size),
  )
  const config = contentOf(
    JSON.stringify({
      architecture,
      os: 'linux',
      created: '2026-11-20T08:30:00Z',
      author: 'The team',
      config: {
        User: '10001:10001',
        Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'NODE_ENV=production', ...env],
        Entrypoint: ['node', '--enable-source-maps'],
        Cmd: ['/app/dist/main.js', '--listen', '0.0.0.0:8080'],
        WorkingDir: '/app',
        ExposedPorts: { '8080/tcp': {} },
        Labels: {
          'org.opencontainers.image.version': version,
          'org.opencontainers.image.description': 'Takes orders, and sends them on',
          'org.opencontainers.image.source': 'https://git.example/team/web',
          ...labels,
        },
      },
      rootfs: { type: 'layers', diff_ids: layers.map(({ sha256 }) => sha256) },
      history: [
        ...STEPS.map(([created_by]) => ({ created: '2026-11-20T08:30:00Z', created_by })),
        { created: '2026-11-20T08:30:01Z', created_by: 'ENTRYPOINT ["node"]', empty_layer: true },
      ],
    }),
  )
  for (const each of [...layers, config]) await putBlob(send, name, each)
  return putManifest(send, name, tag, {
    config: descriptorOf(CONFIG_TYPE, config),
    layers: layers.map((each) => descriptorOf(LAYER_TYPE, each)),
    ...fields,
  })
}

const artifact = async (
  send: PageSend,
  name: string,
  reference: string,
  artifactType: string,
  files: readonly (readonly [title: string, size: number, mediaType: string])[],
  fields: object = {},
): Promise<Content> => {
  const contents = files.map(([title, size]) => blob(`${name} ${title}`, size))
  for (const each of [...contents, EMPTY]) await putBlob(send, name, each)
  return putManifest(send, name, reference, {
    artifactType,
    config: descriptorOf(EMPTY_TYPE, EMPTY),
    layers: contents.map((each, at) => ({
      ...descriptorOf(files[at]?.[2] ?? '', each),
      annotations: { 'org.opencontainers.image.title': files[at]?.[0] },
    })),
    ...fields,
  })
}

/** A team's registry. @returns the digest of the image that others refer to */
export const pushPageContent = async (send: PageSend): Promise<string> => {
  const web = 'team/web'
  const annotations = {
    'org.opencontainers.image.description': 'Takes orders, and sends them on',
    'org.opencontainers.image.created': '2026-11-20T08:30:00Z',
  }
  await image(send, web, '1.4.0', { version: '1.4.0', fields: { annotations } })
  const latest = await image(send, web, '1.5.0', {
    version: '1.5.0',
    env: ['FEATURE_NEW_CART=on'],
    fields: { annotations },
  })
  const arm = await image(send, web, '1.5.0-arm64', { version: '1.5.0', architecture: 'arm64' })
  const platforms = [
    [latest, 'amd64'],
    [arm, 'arm64'],
  ] as const
  const manifests = platforms.map(([content, architecture]) => ({
    ...descriptorOf(OCI_MANIFEST, content),
    platform: { os: 'linux', architecture },
  }))
  await putManifest(send, web, 'latest', { manifests, annotations }, OCI_INDEX)
  const subject = descriptorOf(OCI_MANIFEST, latest)
  const created = { 'org.opencontainers.image.created': '2026-11-21T10:00:00Z' }
  const about = { subject, annotations: created }
  const bundle = 'application/vnd.dev.sigstore.bundle.v0.3+json'
  await artifact(send, web, '', bundle, [['bundle.json', 5_000, bundle]], {
    subject,
    annotations: {
      ...created,
      'dev.sigstore.bundle.content': 'message-signature',
    },
  })
  await artifact(
    send,
    web,
    '',
    'application/spdx+json',
    [['sbom.spdx.json', 90_000, 'application/spdx+json']],
    about,
  )
  await artifact(
    send,
    web,
    '',
    'application/vnd.in-toto+json',
    [['provenance.json', 9_000, 'application/vnd.in-toto+json']],
    about,
  )

  await image(send, 'team/worker', '2026.11', { version: '2026.11' })
  await image(send, 'public/hello', 'v1', { version: 'v1' })
  const chart = contentOf(
    JSON.stringify({
      name: 'web',
      version: '0.9.2+build.7',
      appVersion: '1.5.0',
      description: 'The shop, its database and its jobs',
      type: 'application',
      apiVersion: 'v2',
      keywords: ['shop', 'http'],
      home: 'https://git.example/team/web',
    }),
  )
  const archive = blob('chart', 24_000)
  for (const each of [chart, archive]) await putBlob(send, 'charts/web', each)
  await putManifest(send, 'charts/web', '0.9.2_build.7', {
    config: descriptorOf('application/vnd.cncf.helm.config.v1+json', chart),
    layers: [descriptorOf('application/vnd.cncf.helm.chart.content.v1.tar+gzip', archive)],
  })
  await artifact(send, 'team/models', 'small', 'application/vnd.example.model.v1', [
    ['weights.safetensors', 300_000, 'application/octet-stream'],
    ['tokenizer.json', 12_000, 'application/json'],
    ['README.md', 2_000, 'text/markdown'],
  ])
  await image(send, 'evil/app', 'xss', {
    version: EVIL,
    env: [`EVIL=${EVIL}`],
    labels: { [EVIL]: EVIL, 'org.opencontainers.image.description': EVIL },
    fields: { annotations: { [EVIL]: EVIL, 'org.opencontainers.image.description': EVIL } },
  })
  return latest.sha256
}
