/**
 * The same requests to distribution (Debian's `docker-registry`) and to Slipway, and the notifications that both send,
 * compared byte by byte: but for ids, times, addresses and instances, and for what {@link LEFT_OUT} names.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../functions/registry/media-types.ts'
import { serveReceiver } from '../events/receiver.ts'
import {
  blob,
  CONFIG,
  type Content,
  contentOf,
  descriptorOf,
  imageOf,
  indexOf,
  LAYER_TYPE,
} from '../support/hosts/content.ts'
import { run, scratch } from '../support/live/process.ts'
import { type RegistryProgram, slipway, startRegistry } from '../support/live/registry.ts'
import { until } from '../support/until.ts'

const [USER, PASSWORD] = ['alice', 'secret']
const AGENT = 'suite/1.0 (<x> & "y")'

const LAYER = blob('layer of the compared', 100)
const OTHER = blob('other layer of the compared', 5000)
const EMPTY = contentOf('')

const IMAGE = imageOf([LAYER])
/** All that a descriptor can have: annotations, which are not sorted, and what is elsewhere. */
const RICH = imageOf([LAYER], {
  layers: [
    { ...descriptorOf(LAYER_TYPE, LAYER), annotations: { 'org.b': '<b>', 'org.a': '1 & 2' } },
    {
      mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
      digest: blob('elsewhere', 9).sha256,
      size: 9,
      urls: ['https://elsewhere.example/a?b=1&c=2'],
      annotations: { 'org.c': '\u2028' },
    },
    { ...descriptorOf(LAYER_TYPE, OTHER), annotations: {}, urls: [] },
  ],
  annotations: { title: 'rich' },
})
const ARTIFACT = imageOf([OTHER], { artifactType: 'application/vnd.example.thing' })
const REFERRER = imageOf([OTHER], { subject: descriptorOf(OCI_MANIFEST, IMAGE) })
const DOCKER = contentOf(
  JSON.stringify(
    {
      schemaVersion: 2,
      mediaType: DOCKER_MANIFEST,
      config: descriptorOf('application/vnd.docker.container.image.v1+json', CONFIG),
      layers: [descriptorOf('application/vnd.docker.image.rootfs.diff.tar.gzip', LAYER)],
    },
    undefined,
    3,
  ),
)
const INDEX = indexOf([], {
  manifests: [
    {
      ...descriptorOf(OCI_MANIFEST, IMAGE),
      platform: { architecture: 'amd64', os: 'linux' },
      annotations: { 'vnd.example': 'x' },
    },
    {
      ...descriptorOf(OCI_MANIFEST, RICH),
      platform: {
        architecture: 'arm',
        os: 'windows',
        variant: 'v7',
        'os.version': '10.0.1',
        'os.features': ['win32k'],
      },
    },
    descriptorOf(OCI_MANIFEST, ARTIFACT),
  ],
})
const LIST = contentOf(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: DOCKER_LIST,
    manifests: [
      {
        ...descriptorOf(DOCKER_MANIFEST, DOCKER),
        platform: { architecture: 'amd64', os: 'linux' },
      },
    ],
  }),
)

/** One event in the envelope, as far as it is looked at here. */
interface Sent {
  readonly action: string
  readonly target: Readonly<Record<string, unknown>>
  readonly request: Readonly<Record<string, string>>
}

const isOf = (kind: string, { action, target }: Sent): boolean =>
  action === 'pull' && String(target.url).includes(`/${kind}/`)

/** What distribution sends, and Slipway does not. */
const LEFT_OUT: readonly { readonly why: string; readonly is: (event: Sent) => boolean }[] = [
  {
    why: 'pulls of blobs: most are redirects, whose end the registry does not see; a pull is that of a manifest',
    is: (event) => isOf('blobs', event),
  },
  {
    why: 'a HEAD of a manifest: clients look whether they have the newest, and do not pull',
    is: (event) => isOf('manifests', event) && event.request.method === 'HEAD',
  },
]

/** What a pulled manifest refers to, which Slipway does not look for on the way of a pull. */
const REFERENCES = /,\n {12}"references": \[\n.*?\n {12}\]/s

/** What the program of this address may have of its own. */
const withoutOwn = (body: string, address: string): string =>
  (body.includes('"action": "pull"') ? body.replace(REFERENCES, '') : body)
    .replaceAll(address, '<registry>')
    .replace(/"id": "[0-9a-f-]{36}"/g, '"id": "<id>"')
    .replace(/"timestamp": "[^"]+"/, '"timestamp": "<time>"')
    .replace(/"addr": "127\.0\.0\.1:\d+"/, '"addr": "<client>"')
    .replace(/"addr": "[^"<]+:\d+"/, '"addr": "<server>"')
    .replace(/"instanceID": "[0-9a-f-]{36}"/, '"instanceID": "<instance>"')

/** With distribution, whoever has logged in may delete. */
const POLICY = `
version: 1
rules:
  - { who: [authenticated], repositories: ['**'], actions: ['*'] }
`

const RECEIVERS = (url: string): string =>
  JSON.stringify({
    version: 1,
    receivers: [
      {
        name: 'suite',
        url,
        format: 'distribution',
        references: true,
        kinds: ['push', 'pull', 'mount', 'delete'],
        private: ['127.0.0.1'],
      },
    ],
  })

/** The directory of skopeo's `dir:` transport with an image. */
const imageDirectory = (path: string): string => {
  mkdirSync(path)
  writeFileSync(join(path, 'version'), 'Directory Transport Version: 1.1\n')
  writeFileSync(join(path, 'manifest.json'), IMAGE.bytes)
  for (const { sha256, bytes } of [CONFIG, LAYER]) writeFileSync(join(path, sha256.slice(7)), bytes)
  return path
}

/** Sends all requests to a registry. */
const requestAll = async (address: string, directory: string): Promise<void> => {
  const send = async (
    method: string,
    path: string,
    { body, type, ...more }: { body?: Content; type?: string; accept?: string } = {},
  ): Promise<Response> => {
    const response = await fetch(new URL(path, `http://${address}`), {
      method,
      body: body?.bytes ?? null,
      headers: {
        'user-agent': AGENT,
        authorization: `Basic ${btoa(`${USER}:${PASSWORD}`)}`,
        ...(type === undefined ? {} : { 'content-type': type }),
        ...more,
      },
    })
    await response.arrayBuffer()
    expect({ method, path, ok: response.ok }).toEqual({ method, path, ok: true })
    return response
  }
  const pushBlob = async (name: string, content: Content, chunked = false): Promise<void> => {
    const begun = await send('POST', `/v2/${name}/blobs/uploads/`)
    let location = begun.headers.get('location') ?? ''
    const octets = { body: content, type: 'application/octet-stream' }
    if (chunked) location = (await send('PATCH', location, octets)).headers.get('location') ?? ''
    const end = location + (location.includes('?') ? '&' : '?')
    await send('PUT', `${end}digest=${content.sha256}`, chunked ? {} : octets)
  }
  const push = (reference: string, body: Content, type: string = OCI_MANIFEST) =>
    send('PUT', `/v2/team/app/manifests/${reference}`, { body, type })

  await pushBlob('team/app', CONFIG)
  await pushBlob('team/app', LAYER, true)
  await pushBlob('team/app', OTHER)
  await pushBlob('team/app', EMPTY)
  // Once more: it is there.
  await pushBlob('team/app', LAYER)
  await send('POST', `/v2/other/blobs/uploads/?mount=${LAYER.sha256}&from=team/app`)
  await push('v1', IMAGE)
  await push('v1', IMAGE)
  await push('rich', RICH)
  await push(ARTIFACT.sha256, ARTIFACT)
  await push(REFERRER.sha256, REFERRER)
  await push('docker', DOCKER, DOCKER_MANIFEST)
  await push('index', INDEX, OCI_INDEX)
  await push('list', LIST, DOCKER_LIST)
  // The tag moves.
  await push('v1', RICH)
  await send('HEAD', `/v2/team/app/blobs/${LAYER.sha256}`)
  await send('GET', `/v2/team/app/blobs/${LAYER.sha256}`)
  const copy = ['--insecure-policy', 'copy', '--dest-tls-verify=false', '--preserve-digests']
  copy.push('--dest-creds', `${USER}:${PASSWORD}`)
  for (const name of ['copied', 'copied-again']) {
    await run('skopeo', [...copy, `dir:${directory}`, `docker://${address}/${name}:v1`])
  }
  for (const reference of ['v1', INDEX.sha256]) {
    const accept = `${OCI_MANIFEST}, ${OCI_INDEX}`
    await send('HEAD', `/v2/team/app/manifests/${reference}`, { accept })
    await send('GET', `/v2/team/app/manifests/${reference}`, { accept })
  }
  await send('DELETE', `/v2/team/app/manifests/${DOCKER.sha256}`)
  await send('DELETE', `/v2/team/app/manifests/${RICH.sha256}`)
  await send('DELETE', `/v2/team/app/blobs/${OTHER.sha256}`)
  // The last one, by which it is seen that all were sent.
  await pushBlob('end', EMPTY)
}

const isLast = (body: string): boolean => body.includes('"repository": "end"')

/** What a registry sends for all these requests, sorted: order is kept within a tag only. */
const notificationsOf = async (program: RegistryProgram): Promise<readonly string[]> => {
  const hooks = await serveReceiver((_, response) => response.end())
  const place = scratch('compared')
  onTestFinished(place.remove)
  const store = { directory: join(place.path, 'store') }
  const htpasswd = join(place.path, 'htpasswd')
  await run('htpasswd', ['-cbB', htpasswd, USER, PASSWORD])
  if (program === 'slipway') {
    const document = join(place.path, 'receivers.yaml')
    writeFileSync(document, RECEIVERS(hooks.url))
    await slipway('events', store, ['set', document])
    await slipway('user', store, ['import', htpasswd])
    const policy = join(place.path, 'policy.yaml')
    writeFileSync(policy, POLICY)
    await slipway('policy', store, ['set', policy])
  }
  const registry = await startRegistry(program, store, {
    notifications: hooks.url,
    htpasswd,
    flags: ['--auth', 'basic'],
  })
  onTestFinished(registry.close)
  await requestAll(registry.address, imageDirectory(join(place.path, 'image')))
  // Pulls come by themselves.
  await until(
    () =>
      hooks.received.some(({ body }) => isLast(body)) &&
      hooks.received.filter(
        ({ body }) => body.includes('"action": "pull"') && body.includes('"method": "GET"'),
      ).length >= 2,
  )
  return hooks.received
    .map(({ body }) => body)
    .filter((body) => {
      const [event] = (JSON.parse(body) as { events: [Sent] }).events
      return !LEFT_OUT.some(({ is }) => is(event))
    })
    .map((body) => withoutOwn(body, registry.address))
    .toSorted()
}

test('Slipway sends what distribution sends for the same requests', async () => {
  const theirs = await notificationsOf('distribution')
  const kinds = ['push', 'pull', 'mount', 'delete']
  const counts = kinds.map(
    (kind) => theirs.filter((body) => body.includes(`"action": "${kind}"`)).length,
  )
  expect(counts).toEqual([20, 2, 2, 6])
  expect(theirs.every((body) => body.includes('"name": "alice"'))).toBe(true)
  expect(await notificationsOf('slipway')).toEqual(theirs)
})
