/**
 * The functions at the edge: their real sources, with the events that AWS documents.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { viewerRequest, viewerResponse } from '../emulators/cloudfront/functions.ts'
import { type OriginResponse, originResponse } from '../emulators/cloudfront/lambda-edge.ts'
import type { Header, Viewer } from '../emulators/cloudfront/viewer.ts'

const at = (path: string) => new URL(`../../lib/edge/${path}`, import.meta.url)
const DIGEST = readFileSync(at('manifest-digest.js'), 'utf8')
const { handler } = (await import(at('origin-response/index.mjs').href)) as {
  handler: OriginResponse
}

const viewer = (target: string): Viewer => ({
  method: 'HEAD',
  target,
  headers: [['host', 'registry.example.com']],
  hasBody: false,
  ip: '192.0.2.1',
})

const HEX = 'ab'.repeat(32)
const PATHS: readonly (readonly [target: string, digest: string | undefined])[] = [
  [`/docker/registry/v2/blobs/sha256/ab/${HEX}/data`, `sha256:${HEX}`],
  [`/a/prefix/docker/registry/v2/blobs/sha256/ab/${HEX}/data?X-Amz-Date=1`, `sha256:${HEX}`],
  [`/docker/registry/v2/blobs/sha256/ab/${HEX}/link`, undefined],
  [`/docker/registry/v2/blobs/sha256/ab/${HEX}0/data`, undefined],
  [`/docker/registry/v2/blobs/sha256/ab/${HEX.slice(1)}/data`, undefined],
  [`/docker/registry/v2/blobs/sha512/ab/${HEX}/data`, undefined],
  [`/docker/registry/v2/repositories/app/data`, undefined],
]

describe('responses of the bucket', () => {
  test.each(PATHS)('%s', async (target, digest) => {
    const given: Header[] = [
      ['content-length', '7'],
      ['etag', '"x"'],
    ]
    const headers = await viewerResponse(DIGEST, viewer(target), 200, given)
    const added = digest === undefined ? [] : [['docker-content-digest', digest]]
    expect(headers).toEqual([...given, ...added])
  })
})

const REALM = 'Bearer realm="https://registry.example.com/token",service="slipway"'
const OURS: Header = ['docker-distribution-api-version', 'registry/2.0']

describe('responses of the origins', () => {
  const answered = (status: number, headers: readonly Header[]) =>
    originResponse(handler, viewer('/v2/'), status, headers)

  test('a challenge that was renamed is back', async () => {
    const renamed: Header[] = [
      OURS,
      ['x-amzn-remapped-www-authenticate', REALM],
      ['x-registry-challenge', REALM],
    ]
    const { status, headers, body } = await answered(401, renamed)
    expect([status, body]).toEqual([401, undefined])
    expect(new Headers(headers as [string, string][]).get('www-authenticate')).toBe(REALM)
  })

  test('one that was not is there once', async () => {
    const kept: Header[] = [OURS, ['www-authenticate', REALM], ['x-registry-challenge', REALM]]
    const { headers } = await answered(401, kept)
    expect(headers.filter(([name]) => name === 'www-authenticate')).toEqual([
      ['www-authenticate', REALM],
    ])
  })

  test('all else is as it was', async () => {
    const given: Header[] = [OURS, ['location', '/v2/x'], ['set-cookie', 'a'], ['set-cookie', 'b']]
    for (const status of [200, 202, 307, 404, 413, 500]) {
      expect(await answered(status, given)).toEqual({ status, headers: given })
    }
  })

  test("a gateway's own 413 becomes words that clients show, and do not try again at", async () => {
    const given: Header[] = [
      ['content-type', 'application/json'],
      ['content-length', '38'],
      ['apigw-requestid', 'x'],
    ]
    const { status, headers, body } = await answered(413, given)
    expect(status).toBe(413)
    const {
      errors: [{ code, message, detail }, ...more],
    } = JSON.parse(String(body))
    expect([code, detail, more]).toEqual(['UNSUPPORTED', {}, []])
    expect(message).toMatch(/^the request is too large: a manifest has at most 4 MiB/)
    expect(headers).toContainEqual(['content-length', String(body?.byteLength)])
    expect(headers).toContainEqual(['apigw-requestid', 'x'])
  })
})

const LIST = new Map([
  ['app', '1'],
  ['team/*', '2'],
  ['open/**', '3'],
  ['open/inner/x', '4'],
])
const READS: readonly (readonly [request: string, version: string | undefined])[] = [
  ['GET /v2/app/manifests/v1', '1'],
  ['HEAD /v2/app/manifests/v1', '1'],
  [`GET /v2/app/blobs/sha256:${HEX}`, '1'],
  ['GET /v2/app/manifests/v1?x=1', '1'],
  ['GET /v2/app/manifests/v1?ns=docker.io', undefined],
  ['GET /v2/app/manifests/v1?x=1&ns=docker.io', undefined],
  ['GET /v2/app/manifests/v1?%6es=docker.io', undefined],
  ['GET /v2/app2/manifests/v1', undefined],
  ['GET /v2/app/b/manifests/v1', undefined],
  ['GET /v2/team/a/manifests/v1', '2'],
  ['GET /v2/team/a/b/manifests/v1', undefined],
  ['GET /v2/team/manifests/v1', undefined],
  ['GET /v2/open/a/manifests/v1', '3'],
  ['GET /v2/open/a/b/c/d/e/f/manifests/v1', '3'],
  ['GET /v2/open/a/b/c/d/e/f/g/h/manifests/v1', undefined],
  ['GET /v2/open/inner/x/manifests/v1', '4'],
  ['GET /v2/open/manifests/v1', undefined],
  ['GET /v2/app/manifests/manifests/v1', undefined],
  ['PUT /v2/app/manifests/v1', undefined],
  ['DELETE /v2/app/manifests/v1', undefined],
  ['POST /v2/app/blobs/uploads/', undefined],
  ['GET /v2/app/blobs/uploads/x', undefined],
  ['GET /v2/app/tags/list', undefined],
  ['GET /v2/app/manifests/', undefined],
  ['GET /v2/app/manifests/a/b', undefined],
  ['GET /v2/open/../app2/manifests/v1', undefined],
  ['GET /v2/open/./a/manifests/v1', undefined],
  ['GET /v2/open//a/manifests/v1', undefined],
  ['GET /v2/open/%2e%2e/manifests/v1', undefined],
  ['GET /v2/open/A/manifests/v1', undefined],
  ['GET /v2/open/**/manifests/v1', undefined],
  ['GET /v2/open/a/manifests/..', undefined],
  ['GET /v2/open/a/manifests/%761', undefined],
  ['GET /V2/app/manifests/v1', undefined],
  ['GET //v2/app/manifests/v1', undefined],
  ['GET /x/v2/app/manifests/v1', undefined],
]

describe('requests for what may be public', () => {
  const source = readFileSync(at('public-reads.js'), 'utf8')
  const given: Header[] = [
    ['host', 'registry.example.com'],
    ['authorization', 'Bearer x'],
    ['accept', '*/*'],
    ['x-slipway-public', 'guessed'],
  ]
  const others = given.filter(([name]) => !/authorization|slipway/.test(name))

  test.each(READS)('%s: %s', async (request, version) => {
    const [method = '', target = ''] = request.split(' ')
    const changed = await viewerRequest(source, { ...viewer(target), method, headers: given }, LIST)
    const [path = ''] = target.split('?')
    // Whatever a client says is public, only the list does.
    expect([changed.target, changed.headers]).toEqual(
      version === undefined
        ? [target, [...others.slice(0, 1), given[1], ...others.slice(1)]]
        : [path, [...others, ['x-slipway-public', version]]],
    )
  })

  test('who says which host is meant is let through as it is', async () => {
    const headers: Header[] = [...given.slice(0, 3), ['oci-namespace', 'docker.io']]
    const { target } = viewer('/v2/app/manifests/v1')
    const changed = await viewerRequest(source, { ...viewer(target), headers }, LIST)
    expect([changed.target, changed.headers]).toEqual([target, headers])
  })

  test('all is listed where the policy says all', async () => {
    const all = new Map([['**', '7']])
    const { headers } = await viewerRequest(source, viewer('/v2/a/b/manifests/v1'), all)
    expect(headers).toContainEqual(['x-slipway-public', '7'])
  })
})
