/**
 * Where the Location of an upload leads, by client and setting.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UPLOAD_CLIENTS } from '../../functions/api/upload-clients.ts'
import { bodyLimit } from '../../functions/compose/aws/lambda-limits.ts'
import { blob } from '../support/hosts/content.ts'
import { type ClientOptions, clientOf, type Send } from '../support/rig/client.ts'
import { type OpenedStore, openFiles } from '../support/rig/stores.ts'

const UPLOAD = 'https://push.example:8443'
const PUBLIC = 'https://registry.example'
const CONTENT = blob('location', 1000)

/** User-Agents as clients send them, by the name of the row that knows them. */
const USER_AGENTS: Readonly<Record<string, readonly string[]>> = {
  'Docker Engine, classic image store': [
    'docker/20.10.24+dfsg1 go/go1.19.8 git-commit/5d6db84 kernel/6.1.0-30-amd64 os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.24+dfsg1 \\(linux\\))',
    'docker/28.5.1 go/go1.24.8 os/linux arch/arm64 UpstreamClient(buildx/v0.29.1)',
    // A builder of a user that calls itself so is still the engine's.
    'docker/28.5.1 go/go1.24.8 UpstreamClient(oras/1.3.0)',
  ],
  'Docker Engine, containerd image store': [
    'docker/29.0.0 go/go1.25.3 os/linux arch/amd64 containerd-client/2.2.0+unknown storage-driver/overlayfs UpstreamClient(Docker-Client/29.0.0 \\(linux\\))',
  ],
  'containerd: ctr, nerdctl, Kubernetes': [
    'containerd/1.6.20~ds1',
    'containerd/v2.3.4',
    'containerd/2.4.0-beta.0+unknown',
  ],
  'BuildKit, buildx': ['buildkit/v0.33', 'buildkit/v0.0-dev'],
  'Podman, Buildah, Skopeo, CRI-O': [
    'containers/5.23.1 (github.com/containers/image)',
    'skopeo/1.20.0',
    'libpod/5.6.2',
    'Buildah/1.41.5',
    'cri-o/1.34.1 go/go1.24.6 os/linux arch/amd64',
  ],
  'go-containerregistry: crane, ko, kaniko, cosign': [
    'crane/0.22.1 go-containerregistry/v0.22.1',
    'go-containerregistry/v0.20.4',
    'go-containerregistry',
    'kaniko/v1.24.0',
    'ko/v0.18.0 go-containerregistry/v0.20.6',
    'cosign/v3.1.2 (linux; amd64) go-containerregistry/v0.21.7',
  ],
  'regclient: regctl, regsync, regbot': ['regclient/regctl (v0.11.7)', 'regclient/regsync'],
  'slipway push, slipway proxy': ['slipway/1.0.0'],
  Jib: ['jib 3.5.1 jib-maven-plugin Google-HTTP-Java-Client/1.42.2 (gzip)'],
  "Rust's oci-client": ['oci-client/0.15.0', 'oci-client/0.18.0'],
  'ORAS to 1.3.2, Helm 3.18 to 3.20, 4.0 and 4.1': [
    'oras/1.0.0',
    'oras/1.2.3',
    'oras/1.3.0',
    'oras/1.3.2',
    'oras/1.3.1+Homebrew',
    'Helm/3.18.0',
    'Helm/3.20.9',
    'Helm/4.0.0',
    'Helm/4.1.4',
  ],
  'ORAS, Helm': [
    'oras/1.3.3',
    'oras/1.3.6',
    'oras/1.3.10',
    'oras/1.3.20',
    'oras/1.10.0',
    'oras/1.20.0',
    'oras/2.0.0',
    'oras/1.30.1',
    'oras/unknown',
    'oras-go',
    'Helm/3.8.0',
    'Helm/3.17.4',
    'Helm/3.1',
    'Helm/3.21.0',
    'Helm/3.21.4',
    'Helm/3.180.0',
    'Helm/4.2',
    'Helm/4.2.4',
    'Helm/4.10.0',
    'Helm/40.0.0',
  ],
}

/** What no row may take for a client that it knows. */
const UNKNOWN = [
  undefined,
  '',
  'curl/8.5.0',
  'Go-http-client/1.1',
  'python-requests/2.32.3',
  'my-oci-client/0.15',
  'my-docker/1.0',
  'x-containerd/2',
  'orastool/1',
  'helmfile/1.0',
  'dockerd/1',
  'registry-of-go-containers/1',
]

let opened: OpenedStore
beforeAll(async () => {
  opened = await openFiles()
})
afterAll(() => opened.close())

const headers = (userAgent: string | undefined) =>
  userAgent === undefined ? {} : { 'User-Agent': userAgent }

/** The origins of the Locations of POST, GET, PATCH and of the 201. */
const originsOf = async (
  options: ClientOptions,
  userAgent: string | undefined,
): Promise<string[]> => {
  const api = await clientOf(opened.store, options)
  const at = async (request: string, body?: Buffer): Promise<string> =>
    (await api(request, body, headers(userAgent))).headers.get('Location') ?? ''
  const pathOf = (location: string) => location.replace(/^https?:\/\/[^/]*/, '')
  const begun = await at('POST /v2/a/b/blobs/uploads/')
  const status = await at(`GET ${pathOf(begun)}`)
  const sent = await at(`PATCH ${pathOf(status)}`, CONTENT.bytes)
  const made = await at(`PUT ${pathOf(sent)}&digest=${CONTENT.sha256}`)
  expect(pathOf(made)).toBe(`/v2/a/b/blobs/${CONTENT.sha256}`)
  return [begun, status, sent, made].map((each) => each.slice(0, -pathOf(each).length))
}

const all = (origin: string): string[] => [origin, origin, origin, '']

describe('by client', () => {
  test('each row has its User-Agents here', () => {
    expect(Object.keys(USER_AGENTS)).toEqual(UPLOAD_CLIENTS.map(({ name }) => name))
  })

  for (const { name, habit } of UPLOAD_CLIENTS) {
    test.each(USER_AGENTS[name] ?? [])(`${name}: %s`, async (userAgent) => {
      const expected = habit === 'follows' ? UPLOAD : ''
      expect(await originsOf({ uploadOrigin: UPLOAD }, userAgent)).toEqual(all(expected))
      // A public URL changes nothing for clients that resolve a relative Location.
      const both = { uploadOrigin: UPLOAD, publicUrl: `${PUBLIC}/` }
      expect(await originsOf(both, userAgent)).toEqual(all(expected))
      expect(await originsOf({ publicUrl: PUBLIC }, userAgent)).toEqual(all(''))
    })
  }

  test.each(UNKNOWN)('a client that no row names: %s', async (userAgent) => {
    expect(await originsOf({ uploadOrigin: UPLOAD }, userAgent)).toEqual(all(''))
    const both = { uploadOrigin: UPLOAD, publicUrl: `${PUBLIC}/` }
    expect(await originsOf(both, userAgent)).toEqual(all(PUBLIC))
    expect(await originsOf({ publicUrl: PUBLIC }, userAgent)).toEqual(all(PUBLIC))
    expect(await originsOf({}, userAgent)).toEqual(all(''))
  })
})

const DOCKER = USER_AGENTS['Docker Engine, classic image store']?.[0]

test('nothing in a request can name another origin', async () => {
  const api = await clientOf(opened.store, { uploadOrigin: UPLOAD })
  for (const [name, value] of [
    ['Host', 'evil.example'],
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Forwarded-Proto', 'javascript'],
    ['Forwarded', 'host=evil.example;proto=http'],
    ['Origin', 'https://evil.example'],
    ['Referer', 'https://evil.example/'],
  ] as const) {
    const { headers: answered } = await api('POST /v2/a/b/blobs/uploads/', undefined, {
      ...headers(DOCKER),
      [name]: value,
    })
    expect(answered.get('Location')).toMatch(/^https:\/\/push\.example:8443\/v2\/a\/b\/blobs\//)
  }
  for (const name of ['//evil.example', '@evil.example', '.evil.example', '\\evil.example']) {
    const { status } = await api(`POST /v2/${name}/blobs/uploads/`, undefined, headers(DOCKER))
    expect(status).toBe(400)
  }
})

test('a mount, and a POST with the bytes, lead nowhere else', async () => {
  const api = await clientOf(opened.store, { uploadOrigin: UPLOAD })
  const path = `/v2/a/b/blobs/${CONTENT.sha256}`
  const whole = await api(
    `POST /v2/a/b/blobs/uploads/?digest=${CONTENT.sha256}`,
    CONTENT.bytes,
    headers(DOCKER),
  )
  const mounted = await api(
    `POST /v2/a/c/blobs/uploads/?mount=${CONTENT.sha256}&from=a/b`,
    undefined,
    headers(DOCKER),
  )
  expect([whole.status, mounted.status]).toEqual([201, 201])
  expect(whole.headers.get('Location')).toBe(path)
  expect(mounted.headers.get('Location')).toBe(path.replace('/a/b/', '/a/c/'))
})

describe('where a body has a limit', () => {
  const limited = (uploadOrigin?: string): ClientOptions => ({
    uploadOrigin,
    bodyLimit: bodyLimit(uploadOrigin),
  })
  const ask = async (api: Send, userAgent: string) => {
    const answer = await api('POST /v2/a/b/blobs/uploads/', undefined, headers(userAgent))
    return answer.headers.get('Warning')
  }

  test('who stays is told where larger layers go; who follows, or has no choice, is not', async () => {
    const api = await clientOf(opened.store, limited(UPLOAD))
    const told =
      '299 - "layers over 4500000 bytes: push to push.example:8443/NAME, which takes layers of any size"'
    expect(await ask(api, 'oras/1.3.6')).toBe(told)
    expect(await ask(api, 'curl/8')).toBe(told)
    expect(await ask(api, DOCKER ?? '')).toBeNull()
    expect(await ask(await clientOf(opened.store, limited()), 'oras/1.3.6')).toBeNull()
    expect(
      await ask(await clientOf(opened.store, { uploadOrigin: UPLOAD }), 'oras/1.3.6'),
    ).toBeNull()
  })
})
