/**
 * A registry on LocalStack: its CloudFormation makes bucket, role and keys of the stack; the Node server
 * runs on these with the role's credentials; and docker and crane push to it and pull from it.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DescribeKeyCommand } from '@aws-sdk/client-kms'
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
} from '@aws-sdk/client-s3'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { awsQuery } from '../aws/support/aws.ts'
import { kmsClient, s3Client } from '../aws/support/clients.ts'
import type { Emulator } from '../aws/support/emulator.ts'
import { elementOf, idsOf, type Resource, stackResources } from '../aws/support/resources.ts'
import { pushed, startDockerd } from '../e2e/support/daemons.ts'
import { synth } from '../lib/synth.ts'
import { run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import type { Bucket } from '../support/live/s3.ts'
import { MADE, makeStack, partOf } from './support/stack.ts'
import { startLocalStack } from './support/start.ts'

const SERVICES = ['s3', 'kms', 'iam', 'sts', 'logs', 'cloudformation']
const USER = { name: 'alice', password: 'a password of no worth' }
const STACK = 'slipway'
const POLICY =
  '{ version: 1, rules: [{ who: [authenticated], repositories: ["**"], actions: ["*"] }] }'

/** Bytes of a layer, far beyond what a request through API Gateway carries. */
const LAYER = 50_000_000

const files = scratch('localstack-registry')
const closers: (() => Promise<void>)[] = []
let emulator: Emulator
let resources: readonly Resource[]
let keys: Readonly<Record<'signing' | 'upload', string>>
let bucket: Bucket
let registry: LiveRegistry

/** Credentials of the role of the stack. */
const assumeRole = async (): Promise<Readonly<Record<string, string>>> => {
  const [name] = idsOf(resources, 'AWS::IAM::Role')
  const xml = await awsQuery(emulator, 'sts', '2011-06-15', {
    Action: 'AssumeRole',
    RoleArn: `arn:aws:iam::000000000000:role/${name}`,
    RoleSessionName: 'registry',
  })
  return {
    AWS_ACCESS_KEY_ID: elementOf(xml, 'AccessKeyId'),
    AWS_SECRET_ACCESS_KEY: elementOf(xml, 'SecretAccessKey'),
    AWS_SESSION_TOKEN: elementOf(xml, 'SessionToken'),
  }
}

/** The keys of the stack, by what they are for. */
const keysOfStack = async () => {
  const kms = kmsClient(emulator)
  const found: Record<string, string> = {}
  for (const KeyId of idsOf(resources, 'AWS::KMS::Key')) {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
    found[KeyMetadata?.KeySpec ?? ''] = KeyId
  }
  kms.destroy()
  assert.deepEqual(Object.keys(found).toSorted(), ['ECC_NIST_P256', 'HMAC_256'])
  return { signing: found.ECC_NIST_P256 ?? '', upload: found.HMAC_256 ?? '' }
}

beforeAll(async () => {
  emulator = await startLocalStack(SERVICES)
  closers.push(emulator.close)
  const made = await makeStack(emulator, STACK, partOf(synth(), MADE))
  assert.equal(made.status, 'CREATE_COMPLETE', made.events)
  resources = await stackResources(emulator, STACK)
  keys = await keysOfStack()
  const [name = ''] = idsOf(resources, 'AWS::S3::Bucket')
  const { endpoint, region, env } = emulator
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = env
  bucket = { endpoint, region, bucket: name, accessKeyId, secretAccessKey }
  const input = `${USER.password}\n`
  await slipway('user', bucket, ['add', USER.name, '--password-stdin'], { input })
  await slipway('policy', bucket, ['set', '-'], { input: POLICY })
  registry = await startRegistry('slipway', bucket, {
    redirects: true,
    flags: [
      ...['--auth', 'token', '--signing-key', `kms:${keys.signing}`],
      ...['--upload-key', `kms:${keys.upload}`],
    ],
    env: { AWS_ENDPOINT_URL_KMS: endpoint, AWS_REGION: region, ...(await assumeRole()) },
  })
  closers.push(registry.close)
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
  files.remove()
})

describe('CloudFormation', () => {
  test('makes the bucket as the stack has it', async () => {
    const s3 = s3Client(emulator)
    const of = { Bucket: bucket.bucket }
    assert.equal((await s3.send(new GetBucketVersioningCommand(of))).Status, 'Enabled')
    const { PublicAccessBlockConfiguration: access = {} } = await s3.send(
      new GetPublicAccessBlockCommand(of),
    )
    assert.deepEqual(Object.values(access), [true, true, true, true])
    const encryption = await s3.send(new GetBucketEncryptionCommand(of))
    assert.equal(encryption.ServerSideEncryptionConfiguration?.Rules?.length, 1)
    const { Policy = '{}' } = await s3.send(new GetBucketPolicyCommand(of))
    assert.match(Policy, /aws:SecureTransport/)
    s3.destroy()
  })

  test('known deviation: leaves out the lifecycle rules', async () => {
    const s3 = s3Client(emulator)
    const rules = s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket.bucket }))
    await assert.rejects(rules, { name: 'NoSuchLifecycleConfiguration' })
    s3.destroy()
  })

  test('known deviation: has no provider for HTTP APIs, only says that it made one', async () => {
    const types = ['AWS::ApiGatewayV2::Api']
    const { events } = await makeStack(emulator, 'gateway', partOf(synth(), types))
    assert.match(events, /AWS::ApiGatewayV2::Api is not supported/)
  })
})

/** A token for actions in a repository. */
const tokenFor = async (scope: string): Promise<string> => {
  const basic = Buffer.from(`${USER.name}:${USER.password}`).toString('base64')
  const url = `http://${registry.address}/token?service=slipway&scope=${scope}`
  const answer = await fetch(url, { headers: { Authorization: `Basic ${basic}` } })
  assert.equal(answer.status, 200)
  return ((await answer.json()) as { token: string }).token
}

test('tokens are signed with the key of the stack', async () => {
  const url = `http://${registry.address}/.well-known/jwks.json`
  const jwks = (await (await fetch(url)).json()) as Parameters<typeof createLocalJWKSet>[0]
  const token = await tokenFor('repository:a:pull')
  assert.equal(decodeProtectedHeader(token).alg, 'ES256')
  await jwtVerify(token, createLocalJWKSet(jwks), { audience: 'slipway' })
  const headers = { Authorization: `Bearer ${token}` }
  const tags = await fetch(`http://${registry.address}/v2/a/tags/list`, { headers })
  assert.equal(tags.status, 404)
  const forged = `${token.slice(0, -6)}${token.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}`
  const refused = await fetch(`http://${registry.address}/v2/a/tags/list`, {
    headers: { Authorization: `Bearer ${forged}` },
  })
  assert.equal(refused.status, 401)
})

test('docker pushes a layer of 50 MB and pulls it; crane finds every byte right', async () => {
  const { docker, ...daemon } = await startDockerd(files.path, 'dockerd')
  const target = `${registry.address}/localstack/docker:v1`
  const config = join(files.path, 'dockerd/config')
  try {
    const layer = join(files.path, 'layer')
    mkdirSync(layer)
    writeFileSync(join(layer, 'random'), randomBytes(LAYER))
    await run('tar', ['--create', '--file', `${layer}.tar`, '--directory', layer, 'random'])
    await docker('import', `${layer}.tar`, target)
    const id = (await docker('image', 'inspect', '--format', '{{.Id}}', target)).trim()
    const { name, password } = USER
    await docker('login', '--username', name, '--password', password, registry.address)
    const digest = pushed(await docker('push', target))
    await docker('image', 'rm', '--force', id)
    assert.ok((await docker('pull', target)).includes(`Digest: ${digest}`))
    assert.equal((await docker('image', 'inspect', '--format', '{{.Id}}', target)).trim(), id)
    await run('crane', ['validate', '--remote', target], { env: { DOCKER_CONFIG: config } })
  } finally {
    await daemon.stop()
  }
})

test('blobs are read from LocalStack, by presigned URLs', async () => {
  const token = await tokenFor('repository:localstack/docker:pull')
  const headers = { Authorization: `Bearer ${token}` }
  const base = `http://${registry.address}/v2/localstack/docker`
  const accept = 'application/vnd.docker.distribution.manifest.v2+json'
  const manifest = await fetch(`${base}/manifests/v1`, { headers: { ...headers, accept } })
  const { layers } = (await manifest.json()) as { layers: { digest: string; size: number }[] }
  assert.ok((layers[0]?.size ?? 0) > LAYER)
  const blob = await fetch(`${base}/blobs/${layers[0]?.digest}`, { headers, redirect: 'manual' })
  assert.equal(blob.status, 307)
  assert.ok(blob.headers.get('location')?.startsWith(`${bucket.endpoint}/${bucket.bucket}/`))
})

test('wrong bytes under a digest that is there are refused, and it can still be read', async () => {
  const token = await tokenFor('repository:localstack/wrong:pull,push')
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/octet-stream' }
  const base = `http://${registry.address}/v2/localstack/wrong`
  const right = randomBytes(1000)
  const digest = `sha256:${createHash('sha256').update(right).digest('hex')}`
  const push = async (body: Uint8Array<ArrayBuffer>) => {
    const begun = await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers })
    const at = new URL(begun.headers.get('location') ?? '', base)
    at.searchParams.set('digest', digest)
    return (await fetch(at, { method: 'PUT', headers, body })).status
  }
  assert.equal(await push(right), 201)
  assert.equal(await push(randomBytes(1000)), 400)
  const read = await fetch(`${base}/blobs/${digest}`, {
    headers,
    signal: AbortSignal.timeout(30_000),
  })
  assert.ok(right.equals(Buffer.from(await read.arrayBuffer())))
})
