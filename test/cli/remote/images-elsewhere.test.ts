/**
 * Images of registries that are not Slipway: what they lack, and what they may not say.
 *
 * @module
 */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, type TestContext, test } from 'vitest'
import { OCI_INDEX, OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { fill } from '../../access/rig.ts'
import { CONFIG, contentOf, descriptorOf, imageOf } from '../../support/hosts/content.ts'
import { openFiles } from '../../support/rig/stores.ts'
import { openDesk } from '../desk.ts'
import { dockerConfig, serveFor } from './sides.ts'

const IMAGE = imageOf()
const SIGNATURE = imageOf([], { artifactType: 'application/x.signature' })
const FALLBACK = contentOf(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [
      { ...descriptorOf(OCI_MANIFEST, SIGNATURE), artifactType: 'application/x.signature' },
    ],
  }),
)

/** Paths, and what is there. */
type Paths = Readonly<
  Record<
    string,
    readonly [status: number, body: Uint8Array | string, headers?: Record<string, string>]
  >
>

/** A registry that anybody may read, with these paths and nothing else; docker knows nothing of it. */
const openAt = async (t: TestContext, paths: Paths) => {
  const asked: string[] = []
  const listener: RequestListener = (request, response) => {
    const { url = '' } = request
    asked.push(`${request.method} ${url}`)
    // What only this registry knows, others pass over.
    const plain = url.replace(/\?(?:look|override)=.*/, '')
    const [status, body, headers] = paths[`${request.method} ${plain}`] ??
      paths[plain] ?? [404, '{"errors":[{"code":"UNSUPPORTED"}]}']
    response.writeHead(status, headers).end(body)
  }
  const server = createServer(listener)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = { DOCKER_CONFIG: await dockerConfig(t, url, ''), SLIPWAY_REGISTRY: url }
  return { url, asked, desk: await openDesk(t, openFiles, env) }
}

const OF_IMAGE = { 'Content-Type': `${OCI_MANIFEST}; charset=utf-8` }

test('referrers by their tag, blobs behind a redirect, and names page by page', async (t) => {
  const { url, desk } = await openAt(t, {
    '/v2/_catalog?n=1000': [
      200,
      '{"repositories":["app"]}',
      { Link: '</v2/_catalog?n=1000&last=app>; rel="next"' },
    ],
    '/v2/_catalog?n=1000&last=app': [200, '{"repositories":["other"]}'],
    '/v2/app/manifests/v1': [200, IMAGE.bytes, OF_IMAGE],
    [`/v2/app/manifests/${IMAGE.sha256.replace(':', '-')}`]: [200, FALLBACK.bytes],
    [`/v2/app/blobs/${CONFIG.sha256}`]: [307, '', { Location: '/elsewhere' }],
    '/elsewhere': [200, CONFIG.bytes],
  })
  expect(await desk.give('repo list')).toEqual(['REPOSITORY', 'app', 'other'])
  const lines = await desk.give('image inspect app:v1')
  expect(lines).toContain('platform     linux/amd64')
  expect(lines).toContain(`referrer     ${SIGNATURE.sha256} application/x.signature`)
  // What is administered needs a name.
  await expect(desk.give('policy show')).rejects.toThrow(
    `${url} wants to know who asks, and docker knows nothing of`,
  )
})

test('a registry that sends other bytes is not believed', async (t) => {
  const { desk } = await openAt(t, {
    [`/v2/app/manifests/${IMAGE.sha256}`]: [200, SIGNATURE.bytes, OF_IMAGE],
    '/v2/app/manifests/v1': [
      200,
      SIGNATURE.bytes,
      { ...OF_IMAGE, 'Docker-Content-Digest': IMAGE.sha256 },
    ],
    '/v2/app/manifests/v2': [200, IMAGE.bytes, OF_IMAGE],
    [`/v2/app/blobs/${CONFIG.sha256}`]: [200, '{}'],
  })
  for (const [reference, what] of [
    [`@${IMAGE.sha256}`, IMAGE.sha256],
    [':v1', IMAGE.sha256],
    [':v2', CONFIG.sha256],
  ]) {
    await expect(desk.give(`image inspect app${reference}`)).rejects.toThrow(
      `that do not have its digest`,
    )
    await expect(desk.give(`image inspect app${reference}`)).rejects.toThrow(what)
  }
})

test('what a registry does not do, it says', async (t) => {
  const { url, desk } = await openAt(t, {
    '/v2/app/manifests/v1': [200, IMAGE.bytes, OF_IMAGE],
    'DELETE /v2/app/manifests/v1': [405, '{"errors":[{"code":"UNSUPPORTED"}]}'],
  })
  await expect(desk.give('tag delete app:v1 --yes')).rejects.toThrow(`${url}: 405 UNSUPPORTED`)
})

test('those who only pull see no bytes, and change nothing', async (t) => {
  const { desk, store } = await serveFor(t)
  await fill(store, ['app', 'mine/app'])
  const dev = await desk('dev')
  expect(await dev.give('repo list')).toEqual(['REPOSITORY', 'app', 'mine/app'])
  expect(await dev.give('repo show app')).toEqual(['repository   app', 'tags         1: v1'])
  await expect(dev.give('tag delete app:v1 --yes')).rejects.toThrow('401 UNAUTHORIZED')
  expect(await dev.give('tag delete mine/app:v1 --yes')).toHaveLength(1)
})
