/**
 * HEADs of manifests behind a CDN: redirected to it, not to S3, which cannot tell the digest.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { EDGE_HEADER } from '../../functions/api/middleware/edge.ts'
import { edgeSecret, openEdge } from '../../functions/compose/edge.ts'
import { openStore, uploadSecret } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { CONFIG, imageOf, putBlob, putManifest } from '../support/hosts/content.ts'
import { play } from '../support/hosts/exchange.ts'
import { startBucket } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'

const PUBLIC = 'https://registry.example.com'

describe('what a presigned URL is at the edge', () => {
  const settings = readSettings(['--edge=on', `--public-url=${PUBLIC}/`], {})
  const ROWS: readonly (readonly [string, inPath: boolean, presigned: string, at: string])[] = [
    [
      'the bucket in the host',
      false,
      'https://b.s3.eu-central-1.amazonaws.com/p/docker/x?a=b%2F',
      '/p/docker/x?a=b%2F',
    ],
    [
      'the bucket in the path',
      true,
      'http://127.0.0.1:9000/b/p/docker/x?a=b%2F',
      '/p/docker/x?a=b%2F',
    ],
    [
      'bytes that look like hosts',
      false,
      'https://b.s3.amazonaws.com//evil.example/x',
      '//evil.example/x',
    ],
  ]
  test.each(ROWS)('%s', (_, inPath, presigned, at) => {
    const edge = openEdge(settings, async () => new Uint8Array(32), inPath)
    expect(edge?.urlOf(presigned)).toBe(PUBLIC + at)
  })

  test('nothing where there is none', () => {
    const none = readSettings([`--public-url=${PUBLIC}`], {})
    expect(openEdge(none, async () => new Uint8Array(32), false)).toBeUndefined()
  })
})

describe('a HEAD of a manifest', () => {
  let bucket: Awaited<ReturnType<typeof startBucket>>
  beforeAll(async () => {
    bucket = await startBucket()
  })
  afterAll(() => bucket.server.close())

  const redirected = async (through: boolean): Promise<URL> => {
    const { env } = bucket
    const flags = ['--edge=open', `--public-url=${PUBLIC}`, '--manifest-heads=redirect']
    const server = await startServer(readSettings(['--listen=127.0.0.1:0', ...flags], env), env)
    onTestFinished(server.stop)
    const agent = createAgent()
    onTestFinished(() => agent.destroy())
    const root = await uploadSecret(openStore(readSettings([], env), env))
    const headers = through ? { [EDGE_HEADER]: edgeSecret(root, '1') } : {}
    const host = {
      name: 'server',
      redirects: true,
      gateway: false,
      send: (sent: Parameters<typeof sendOver>[2]) => sendOver(agent, server.url, sent),
    } as const
    await play(host, [putBlob('app', CONFIG), putManifest('app', 'v1', imageOf())])
    const answer = await host.send({ method: 'HEAD', target: '/v2/app/manifests/v1', headers })
    expect(answer.status).toBe(307)
    return new URL(answer.headers.get('Location') ?? '')
  }

  const [, hex = ''] = imageOf().sha256.split(':')
  const KEY = `/registry/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`

  test('through the edge, goes to the edge, with the signature for S3', async () => {
    const { origin, pathname, searchParams } = await redirected(true)
    expect([origin, pathname]).toEqual([PUBLIC, KEY])
    expect(searchParams.get('X-Amz-SignedHeaders')).toBe('host')
    expect(searchParams.get('X-Amz-Signature')).toMatch(/^[0-9a-f]{64}$/)
  })

  test('around the edge, goes to S3 as before', async () => {
    const { origin, pathname } = await redirected(false)
    expect([origin, pathname]).toEqual([bucket.server.endpoint, `/${bucket.server.bucket}${KEY}`])
  })
})
