/**
 * Pull-through of a deployed stack with `upstreams=on`: an image through the API, blobs at the CDN that the upstream names until
 * a function has copied them into S3; and images of ECR.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer as createPlain, type RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { ecrUsers } from '../../functions/compose/aws/ecr-users.ts'
import { dataKey, layerLinkKey } from '../../functions/registry/layout.ts'
import type { Digest } from '../../functions/registry/reference.ts'
import { claimKey } from '../../functions/upstreams/blobs/claim.ts'
import { digestOf, mediaTypes } from '../conformance/client.ts'
import { scratch } from '../support/live/process.ts'
import { until } from '../support/until.ts'
import { awsJson, awsPut } from './support/aws.ts'
import { s3Client } from './support/clients.ts'
import { MINISTACK, useDeployment } from './support/deployment.ts'
import { startMiniStack } from './support/emulator.ts'
import { idOf, invoke } from './support/invoke.ts'
import { logMessages } from './support/logs.ts'
import { ROLES, rolePolicy, shortened } from './support/role.ts'
import { type Session, startSession } from './support/session.ts'

const NAME = 'up/team/app'
const ECR = '000000000000.dkr.ecr.eu-central-1.amazonaws.com'
const LOGIN = 'alice:a secret of no worth'

/** What is not needed here; test/lib/fills.test.ts has what each of those in the bucket is for. */
const IDLE = [
  // On AWS a write, or a delete, with a condition needs the right to read, too.
  'Fetching: s3:GetObject',
  // Nothing is wrong, known by another digest, condemned by a clean-up, or continued here.
  'Blobs: s3:AbortMultipartUpload',
  'Aliases: s3:PutObject',
  'CleanUp: s3:GetObject',
  'CleanUp: s3:PutObject',
  'CleanUp: /slipway/v1/condemned/*',
  'CleanUp: /slipway/v1/config/clean-up',
  'Uploads: s3:AbortMultipartUpload',
  'Uploads: s3:GetObject',
  'Uploads: s3:ListMultipartUploadParts',
  // Only with this does S3 on AWS say of what is missing that it is.
  'List: s3:ListBucket',
  '8: kms:GenerateMac',
  // The emulator's ECR asks nobody who it is.
  'UpstreamRepositories: ecr:BatchCheckLayerAvailability',
  'UpstreamRepositories: ecr:BatchGetImage',
  'UpstreamRepositories: ecr:GetDownloadUrlForLayer',
  'UpstreamRepositories: ecr:ListImages',
  'UpstreamTokens: ecr:GetAuthorizationToken',
  'Copies: lambda:InvokeFunction',
  // The emulator writes logs itself; Lambda does it with the rights of the role.
  'Log: logs:CreateLogStream',
  'Log: logs:PutLogEvents',
]

const files = scratch('aws-upstreams')
afterAll(files.remove)

let secretArn = ''
const start = async () => {
  const emulator = await startMiniStack()
  const made = await awsJson(emulator, 'secretsmanager', 'secretsmanager.CreateSecret', {
    Name: 'slipway/upstream',
    SecretString: LOGIN,
  })
  secretArn = (made as { ARN: string }).ARN
  return emulator
}

const deployed = useDeployment(start, {
  ...MINISTACK,
  get context() {
    return {
      ...MINISTACK.context,
      upstreams: 'on',
      upstreamSecrets: `UP=${secretArn}`,
      upstreamRepositories: 'arn:aws:ecr:eu-central-1:000000000000:repository/team/*',
    }
  },
})

const imageOf = (layer: Buffer) => {
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{}}')
  const descriptor = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  })
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptor(mediaTypes.config, config),
      layers: [descriptor(mediaTypes.layer, layer)],
    }),
  )
  return { config, layer, manifest }
}

/** A registry that wants a password, and a CDN of its own that wants none. */
const startUpstream = async (ca: string) => {
  const blobs = new Map<string, Buffer>()
  const manifests = new Map<string, Buffer>()
  const asked: string[] = []
  const closers: (() => void)[] = []
  const listen = async (
    server: ReturnType<typeof createPlain> | ReturnType<typeof createServer>,
  ): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => {
      server.closeAllConnections()
      server.close()
    })
    return (server.address() as AddressInfo).port
  }
  const cdn: RequestListener = ({ method, url = '', headers }, response) => {
    asked.push(`cdn ${method} ${url}`)
    const bytes = blobs.get(new URL(url, 'https://cdn').pathname.slice(1))
    if (bytes === undefined || headers.authorization) return void response.writeHead(403).end()
    response.writeHead(200, { 'content-length': bytes.length })
    response.end(method === 'HEAD' ? undefined : bytes)
  }
  // The functions trust the authority of the emulator.
  const [cert, key] = ['cert.pem', 'key.pem'].map((name) => readFileSync(join(dirname(ca), name)))
  // By another name than the registry's, to which clients would take their credentials along.
  const cdnOrigin = `https://localhost:${await listen(createServer({ cert, key }, cdn))}`
  const registry: RequestListener = ({ method, url = '', headers }, response) => {
    if (headers.authorization !== `Basic ${btoa(LOGIN)}`) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="up"' }).end()
    }
    if (url === '/v2/') return void response.end('{}')
    asked.push(`${method} ${url}`)
    const reference = url.split('/').at(-1) ?? ''
    if (url.includes('/blobs/') && blobs.has(reference)) {
      const location = `${cdnOrigin}/${reference}?signed=1`
      return void response.writeHead(307, { location }).end()
    }
    const manifest = url.includes('/manifests/') ? manifests.get(reference) : undefined
    if (manifest === undefined) return void response.writeHead(404).end()
    response.writeHead(200, {
      'content-type': mediaTypes.manifest,
      'content-length': manifest.length,
      'docker-content-digest': digestOf(manifest),
    })
    response.end(method === 'HEAD' ? undefined : manifest)
  }
  const port = await listen(createPlain(registry))
  return {
    ...{ blobs, manifests, asked, origin: `http://127.0.0.1:${port}` },
    cdn: cdnOrigin,
    close: () => {
      for (const close of closers) close()
    },
  }
}

describe('pull-through of a deployed stack', () => {
  let upstream: Awaited<ReturnType<typeof startUpstream>>
  let session: Session
  let s3: S3Client
  let Bucket = ''
  let copier = ''

  const has = (session: Session, digest: string) => async () => {
    const { headers } = await session.send('GET', `blobs/${digest}`)
    return headers.get('location')?.startsWith(deployed().emulator.endpoint) ?? false
  }
  const download = async (response: Response): Promise<Buffer> => {
    assert.equal(response.status, 307)
    const answer = await fetch(response.headers.get('location') ?? '')
    assert.equal(answer.status, 200)
    return Buffer.from(await answer.arrayBuffer())
  }

  beforeAll(async () => {
    const { emulator, stackName, outputs } = deployed()
    s3 = s3Client(emulator)
    Bucket = outputs.BucketName
    copier = await idOf(emulator, stackName, 'AWS::Lambda::Function', 'RegistryFills')
    upstream = await startUpstream(emulator.env.NODE_EXTRA_CA_CERTS ?? '')
    const document = join(files.path, 'upstreams.json')
    const here = { private: ['127.0.0.1', '::1'] }
    const upstreams = [
      {
        ...{ name: 'up', host: 'up.example', prefix: 'up', url: upstream.origin, ...here },
        credentials: 'env:SLIPWAY_UPSTREAM_UP',
      },
      {
        ...{ name: 'ecr', host: ECR, prefix: 'ecr', url: emulator.endpoint, ...here },
        credentials: 'iam',
      },
    ]
    writeFileSync(document, JSON.stringify({ version: 1, upstreams }))
    await deployed().slipway(`upstreams set ${document}`)
    session = await startSession(deployed(), NAME)
  })
  afterAll(() => {
    s3?.destroy()
    upstream?.close()
  })

  test('an image comes from the upstream, its blobs from the CDN, and then all from S3', async () => {
    const { config, layer, manifest } = imageOf(randomBytes(20_000_000))
    upstream.manifests.set('v1', manifest)
    for (const bytes of [config, layer]) upstream.blobs.set(digestOf(bytes), bytes)
    const got = await session.send('GET', 'manifests/v1')
    assert.equal(got.status, 200)
    assert.ok(Buffer.from(await got.arrayBuffer()).equals(manifest))
    for (const bytes of [config, layer]) {
      const digest = digestOf(bytes)
      const [first, head] = await Promise.all([
        session.send('GET', `blobs/${digest}`),
        session.send('HEAD', `blobs/${digest}`),
      ])
      assert.equal(first.headers.get('location'), `${upstream.cdn}/${digest}?signed=1`)
      assert.equal(head.status, 307)
      await until(has(session, digest))
      assert.ok((await download(await session.send('GET', `blobs/${digest}`))).equals(bytes))
      // One copy, whoever asked.
      const copies = upstream.asked.filter((line) => line.startsWith(`cdn GET /${digest}`))
      assert.equal(copies.length, 1)
    }
    upstream.asked.length = 0
    assert.equal((await session.send('GET', 'manifests/v1')).status, 200)
    assert.deepEqual(upstream.asked, [])
  })

  test('what is wrong at the CDN is not stored', async () => {
    const { emulator, stackName } = deployed()
    const bytes = randomBytes(1000)
    const digest = digestOf(bytes)
    upstream.blobs.set(digest, randomBytes(1000))
    assert.equal((await session.send('GET', `blobs/${digest}`)).status, 307)
    const group = await idOf(emulator, stackName, 'AWS::Logs::LogGroup', 'RegistryFills')
    await until(async () =>
      (await logMessages(emulator, group)).some((line) => line.includes('could not be stored')),
    )
    assert.ok(!(await has(session, digest)()))
  })

  test('an image of ECR comes whole, though ECR here sends its blobs to nobody else', async () => {
    const { emulator } = deployed()
    const layer = randomBytes(1000)
    const { manifest, config } = imageOf(layer)
    await awsJson(emulator, 'ecr', 'AmazonEC2ContainerRegistry_V20150921.CreateRepository', {
      repositoryName: 'team/app',
    })
    const at = `${emulator.endpoint}/v2/team/app`
    const send = async (path: string, method: string, body?: Buffer) => {
      const type = { 'content-type': mediaTypes.manifest }
      const sent = body && { body: new Uint8Array(body) }
      const answer = await fetch(new URL(path, `${at}/`), { method, headers: type, ...sent })
      assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`)
      return answer
    }
    for (const bytes of [layer, config]) {
      const begun = await send('blobs/uploads/', 'POST')
      const location = new URL(begun.headers.get('location') ?? '', `${at}/`)
      location.searchParams.set('digest', digestOf(bytes))
      await send(`${location.pathname}${location.search}`, 'PUT', bytes)
    }
    await send('manifests/v1', 'PUT', manifest)
    const own = await startSession(deployed(), 'ecr/team/app')
    const got = await own.send('GET', 'manifests/v1')
    assert.ok(Buffer.from(await got.arrayBuffer()).equals(manifest))
    assert.ok((await download(await own.send('GET', `blobs/${digestOf(layer)}`))).equals(layer))
  })

  test('ECR gives tokens', async () => {
    const { emulator } = deployed()
    const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } =
      emulator.env
    const { endpoint, region } = emulator
    const { user, until: end } = await ecrUsers({
      endpoint,
      credentials: async () => ({ accessKeyId, secretAccessKey }),
    })(region)
    assert.equal(user.name, 'AWS')
    assert.ok(user.password)
    assert.ok(end > Date.now())
  })

  test('copying needs the permissions of its policy', { timeout: 600_000 }, async () => {
    const { emulator, stackName } = deployed()
    const policy = await rolePolicy(emulator, stackName, ROLES.fills)
    // So that nothing read before is in its memory.
    const restart = () =>
      awsPut(emulator, 'lambda', `/2015-03-31/functions/${copier}/configuration`, { Timeout: 900 })
    /** Has a blob copied as the function behind the API does. @returns whether it is there */
    const copy = async (size: number): Promise<boolean> => {
      const bytes = randomBytes(size)
      const digest = digestOf(bytes) as Digest
      upstream.blobs.set(digest, bytes)
      const Key = claimKey({ digest, origin: upstream.origin })
      const put = new PutObjectCommand({ Bucket, Key, Body: randomBytes(10).toString('hex') })
      const { ETag = '' } = await s3.send(put)
      const claim = ETag.replaceAll('"', '')
      const failed = await invoke(emulator, copier, { name: NAME, digest, claim })
      const { Contents } = await listOf(Key)
      await s3.send(new DeleteObjectCommand({ Bucket, Key }))
      const there = await Promise.all(
        [dataKey(digest), layerLinkKey(NAME, digest)].map(async (key) => {
          return ((await listOf(key)).Contents ?? []).length > 0
        }),
      )
      return failed === undefined && there.every(Boolean) && (Contents ?? []).length === 0
    }
    const idle: string[] = []
    for (const { what, policy: without } of shortened(policy.document)) {
      await policy.replace(without)
      await restart()
      if ((await copy(100)) && (await copy(13 * 2 ** 20))) idle.push(what)
    }
    await policy.replace(policy.document)
    await restart()
    assert.ok(await copy(100))
    assert.deepEqual(idle, IDLE)
  })

  test('so does the function behind the API', { timeout: 600_000 }, async () => {
    const { emulator, stackName } = deployed()
    const policy = await rolePolicy(emulator, stackName)
    const api = await idOf(emulator, stackName, 'AWS::Lambda::Function', 'RegistryApi')
    const group = await idOf(emulator, stackName, 'AWS::Logs::LogGroup', 'RegistryApi')
    const restart = () =>
      awsPut(emulator, 'lambda', `/2015-03-31/functions/${api}/configuration`, { Timeout: 30 })
    /** Pulls an image that nobody has pulled. @returns whether its blob comes here */
    const pull = async (): Promise<boolean> => {
      const { layer, manifest } = imageOf(randomBytes(100))
      const [tag, digest] = [`t${digestOf(manifest).slice(-20)}`, digestOf(layer) as Digest]
      upstream.manifests.set(tag, manifest)
      upstream.blobs.set(digest, layer)
      if ((await session.send('GET', `manifests/${tag}`)).status !== 200) return false
      await restart()
      if ((await session.send('GET', `manifests/${tag}`)).status !== 200) return false
      if ((await session.send('GET', `blobs/${digest}`)).status !== 307) return false
      const isHere = async () => ((await listOf(dataKey(digest))).Contents ?? []).length > 0
      const isNotBegun = async () =>
        (await logMessages(emulator, group)).some(
          (line) => line.includes(digest) && line.includes('could not be stored'),
        )
      await until(async () => (await isHere()) || (await isNotBegun()))
      return isHere()
    }
    const ours = /^(?:UpstreamsInForce|Fetched|Fetching|UpstreamSecrets|Copies): /
    const idle: string[] = []
    for (const { what, policy: without } of shortened(policy.document)) {
      if (!ours.test(what)) continue
      await policy.replace(without)
      await restart()
      if (await pull()) idle.push(what)
    }
    await policy.replace(policy.document)
    await restart()
    assert.ok(await pull())
    // It looks at claims of others, and gives up its own, which another function does here.
    assert.deepEqual(idle, ['Fetching: s3:DeleteObject', 'Fetching: s3:GetObject'])
  })

  const listOf = async (Prefix: string) => {
    return s3.send(new ListObjectsV2Command({ Bucket, Prefix }))
  }
})
