/**
 * URLs at the edge: HEADs of manifests, which S3 cannot tell the digest of, and blobs where that is set.
 *
 * @module
 */

import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { EDGE_HEADER } from '../../functions/api/middleware/edge.ts'
import { networksOf } from '../../functions/compose/aws-networks.ts'
import { edgeSecret, openEdge } from '../../functions/compose/edge.ts'
import { edgeKey, publicEdgeKey } from '../../functions/compose/edge-key.ts'
import { openStore, uploadSecret } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { isSigned, withoutSignature } from '../emulators/cloudfront/signed.ts'
import { CONFIG, imageOf, putBlob, putManifest } from '../support/hosts/content.ts'
import { play } from '../support/hosts/exchange.ts'
import { startBucket, temporaryDirectory } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'

const PUBLIC = 'https://registry.example.com'
const ID = 'K2JCJMDEHXQW5F'
const ROOT = new Uint8Array(32).fill(7)
const EDGE = ['--edge=on', `--public-url=${PUBLIC}/`, `--edge-key-id=${ID}`]

describe('signed URLs', () => {
  const NOW = 1_800_000_000_000
  const PRESIGNED = 'https://b.s3.eu-central-1.amazonaws.com/p/docker/x?X-Amz-Signature=a'
  const open = (...args: string[]) =>
    openEdge(
      readSettings([...EDGE, ...args], {}),
      async () => ROOT,
      false,
      () => NOW,
    )
  const signed = async (presigned = PRESIGNED, ...args: string[]) =>
    (await (await open(...args))?.urlOf?.(presigned, 900))?.replace(PUBLIC, '') ?? ''
  const keys = (name = '1') => ({ [ID]: publicEdgeKey(ROOT, name) })

  const PATHS: readonly (readonly [string, boolean, presigned: string, target: string])[] = [
    ['the bucket in the host', false, PRESIGNED, '/p/docker/x'],
    ['the bucket in the path', true, 'http://127.0.0.1:9000/b/p/docker/x?a=b', '/p/docker/x'],
    [
      'a type that S3 shall answer',
      false,
      `${PRESIGNED}&response-content-type=a%2Fb%2Bc`,
      '/p/docker/x?response-content-type=a%2Fb%2Bc',
    ],
  ]
  test.each(PATHS)('%s', async (_, inPath, presigned, target) => {
    const edge = await openEdge(
      readSettings(EDGE, {}),
      async () => ROOT,
      inPath,
      () => NOW,
    )
    const url = await edge?.urlOf?.(presigned, 900)
    expect(url?.startsWith(PUBLIC)).toBe(true)
    const at = url?.slice(PUBLIC.length) ?? ''
    expect(withoutSignature(at)).toBe(target)
    expect(isSigned(PUBLIC, at, keys(), NOW)).toBe(true)
  })

  test('are good until they expire, for what they name, by the key that CloudFront knows', async () => {
    const at = await signed()
    expect(isSigned(PUBLIC, at, keys(), NOW + 899_000)).toBe(true)
    expect(isSigned(PUBLIC, at, keys(), NOW + 900_000)).toBe(false)
    expect(isSigned(PUBLIC, at.replace('/x', '/y'), keys(), NOW)).toBe(false)
    expect(isSigned('https://other.example', at, keys(), NOW)).toBe(false)
    expect(isSigned(PUBLIC, `${at}&a=b`, keys(), NOW)).toBe(false)
    expect(isSigned(PUBLIC, at.replace(/Expires=\d+/, 'Expires=9999999999'), keys(), NOW)).toBe(
      false,
    )
    expect(isSigned(PUBLIC, at, { [ID]: publicEdgeKey(ROOT, '2') }, NOW)).toBe(false)
    expect(isSigned(PUBLIC, at, {}, NOW)).toBe(false)
    expect(isSigned(PUBLIC, withoutSignature(at), keys(), NOW)).toBe(false)
  })

  test('while names change, the older one signs: the edge has known it longer', async () => {
    const at = await signed(PRESIGNED, '--edge-secrets=2,1')
    expect(isSigned(PUBLIC, at, keys('1'), NOW)).toBe(true)
  })

  test('keys differ by name and by root, and are of the curve', () => {
    const roots = [ROOT, new Uint8Array(32)]
    const pems = roots.flatMap((root) => ['1', '2'].map((name) => publicEdgeKey(root, name)))
    expect(new Set(pems).size).toBe(4)
    expect(publicEdgeKey(ROOT, '1')).toBe(pems[0])
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(edgeKey(ROOT, '1').asymmetricKeyDetails).toEqual(privateKey.asymmetricKeyDetails)
  })

  test('there are none without a key, and no edge without the setting', async () => {
    const plain = readSettings(['--edge=on', `--public-url=${PUBLIC}`], {})
    expect((await openEdge(plain, async () => ROOT, false))?.urlOf).toBeUndefined()
    const none = readSettings([`--public-url=${PUBLIC}`], {})
    expect(await openEdge(none, async () => ROOT, false)).toBeUndefined()
  })

  test.each([
    [['--blobs=cloudfront'], '--blobs cloudfront needs --edge-key-id, and --edge on or open'],
    [[`--edge-key-id=${ID}`], '--edge-key-id is for an edge: set --edge on or open'],
  ])('%s alone is refused', (args, message) => {
    expect(() => readSettings(args, {})).toThrow(message)
  })
})

describe('networks', () => {
  const has = networksOf([
    '10.0.0.0/8',
    '192.0.2.0/25',
    '192.0.2.128/25',
    '198.51.100.7/32',
    '2001:db8::/33',
    '2001:db8:8000::/33',
    '::ffff:203.0.113.0/120',
  ])
  test.each([
    ['10.0.0.0', true],
    ['10.255.255.255', true],
    ['9.255.255.255', false],
    ['11.0.0.0', false],
    ['192.0.2.0', true],
    ['192.0.2.127', true],
    ['192.0.2.128', true],
    ['192.0.3.0', false],
    ['198.51.100.6', false],
    ['198.51.100.7', true],
    ['2001:db8::', true],
    ['2001:db8:7fff:ffff:ffff:ffff:ffff:ffff', true],
    ['2001:db8:8000::1', true],
    ['2001:db9::', false],
    ['2001:db7:ffff::', false],
    ['::ffff:203.0.113.9', true],
    ['::1', false],
    ['unknown', false],
    ['', false],
  ])('%s is inside: %s', (address, inside) => {
    expect(has(address)).toBe(inside)
  })

  test.each(['10.0.0.0/33', '10.0.0.0', 'a/8', '::/129'])('%s is none', (network) => {
    expect(() => networksOf([network])).toThrow('is not a network')
  })

  test('ten thousand are searched, not tried one by one', () => {
    const many = Array.from(
      { length: 10_000 },
      (_, n) => `${(n % 100) + 1}.${n >> 7}.${n & 127}.0/28`,
    )
    const inside = networksOf(many)
    const start = process.cpuUsage()
    for (let n = 0; n < 10_000; n += 1) inside(`200.0.0.${n & 255}`)
    // One by one it would be a hundred million comparisons.
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000)
  })
})

describe('what is sent there', () => {
  let bucket: Awaited<ReturnType<typeof startBucket>>
  let files: Awaited<ReturnType<typeof temporaryDirectory>>
  beforeAll(async () => {
    bucket = await startBucket()
    files = await temporaryDirectory()
    const ranges = {
      prefixes: [{ ip_prefix: '203.0.113.0/24', service: 'EC2' }],
      ipv6_prefixes: [{ ipv6_prefix: '2001:db8::/32' }],
    }
    await writeFile(join(files.path, 'ip-ranges.json'), JSON.stringify(ranges))
  })
  afterAll(async () => {
    await bucket.server.close()
    await files.remove()
  })

  const ask = async (
    request: string,
    headers: Record<string, string> | undefined,
    ...more: string[]
  ): Promise<URL> => {
    const { env } = bucket
    const flags = ['--edge=open', `--public-url=${PUBLIC}`, `--edge-key-id=${ID}`]
    const heads = '--manifest-heads=redirect'
    const args = ['--listen=127.0.0.1:0', ...flags, heads, ...more]
    const server = await startServer(readSettings(args, env), env)
    onTestFinished(server.stop)
    const agent = createAgent()
    onTestFinished(() => agent.destroy())
    const root = await uploadSecret(await openStore(readSettings([], env), env))
    const shown = headers && { ...headers, [EDGE_HEADER]: edgeSecret(root, '1') }
    const host = {
      name: 'server',
      redirects: true,
      gateway: false,
      send: (sent: Parameters<typeof sendOver>[2]) => sendOver(agent, server.url, sent),
    } as const
    await play(host, [
      putBlob('app', CONFIG),
      putManifest('app', 'v1', imageOf()),
      putManifest('app', imageOf().sha512, imageOf()),
    ])
    const [method = '', target = ''] = request.split(' ')
    const answer = await host.send({ method, target, headers: shown })
    expect(answer.status).toBe(307)
    return new URL(answer.headers.get('Location') ?? '')
  }

  const HEAD = 'HEAD /v2/app/manifests/v1'
  const GET = `GET /v2/app/blobs/${CONFIG.sha256}`
  const ONTO = '--blobs=cloudfront'
  const networks = () => `--aws-networks=${join(files.path, 'ip-ranges.json')}`
  const ROWS: readonly (readonly [
    string,
    request: string,
    headers: Record<string, string> | undefined,
    more: readonly string[],
    edge: boolean,
  ])[] = [
    ['a HEAD through the edge', HEAD, {}, [], true],
    ['a HEAD around it', HEAD, undefined, [], false],
    [
      'a HEAD for sha512, whose digest the key has not',
      `HEAD /v2/app/manifests/${imageOf().sha512}`,
      {},
      [],
      false,
    ],
    ['a blob', GET, {}, [], false],
    ['a blob with blobs=cloudfront', GET, {}, [ONTO], true],
    ['the same around the edge', GET, undefined, [ONTO], false],
    [
      'a client on the internet',
      GET,
      { 'X-Forwarded-For': '192.0.2.1' },
      [ONTO, '<networks>'],
      true,
    ],
    ['a client in AWS', GET, { 'X-Forwarded-For': '203.0.113.5' }, [ONTO, '<networks>'], false],
    [
      'one that only says it is',
      GET,
      { 'X-Forwarded-For': '203.0.113.5, 192.0.2.1' },
      [ONTO, '<networks>'],
      true,
    ],
    [
      'a HEAD from AWS, for the digest',
      HEAD,
      { 'X-Forwarded-For': '203.0.113.5' },
      [ONTO, '<networks>'],
      true,
    ],
  ]
  test.each(ROWS)('%s', async (_, request, headers, more, edge) => {
    const args = more.map((each) => (each === '<networks>' ? networks() : each))
    const url = await ask(request, headers, ...args)
    expect(url.origin).toBe(edge ? PUBLIC : bucket.server.endpoint)
    const key = edge ? 'Key-Pair-Id' : 'X-Amz-Signature'
    expect(url.searchParams.has(key)).toBe(true)
    expect(url.pathname).toMatch(/\/registry\/docker\/registry\/v2\/blobs\/sha256\//)
    expect(url.pathname.startsWith('/registry/')).toBe(edge)
  })

  test('a file that is no list of networks is named', async () => {
    const path = join(files.path, 'wrong.json')
    await writeFile(path, '{}')
    const settings = readSettings([...EDGE, `--aws-networks=${path}`], {})
    await expect(openEdge(settings, async () => ROOT, false)).rejects.toThrow(
      /wrong\.json cannot be used: it has no prefixes and ipv6_prefixes; expected https/,
    )
  })
})
