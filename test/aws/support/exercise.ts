/**
 * Makes a registry do everything that clients request, each time on new content; throws at the first
 * unexpected response.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type EventRecord, OUTBOX, outboxKey } from '../../../functions/events/record.ts'
import { digestOf, mediaTypes } from '../../conformance/client.ts'
import type { Account } from '../../e2e/support/client.ts'
import { s3Client } from './clients.ts'
import type { Deployment } from './deployment.ts'
import { type Session, startSession } from './session.ts'

const MEBIBYTE = 1024 * 1024

const basic = ({ name, password }: Account): string => `Basic ${btoa(`${name}:${password}`)}`

/** Gets a token for these scopes. */
const tokenFor = async (
  { address, admin }: Deployment,
  scope: string,
  account: Account = admin,
): Promise<string> => {
  const query = new URLSearchParams({ service: 'slipway', scope })
  const answer = await fetch(`http://${address}/token?${query}`, {
    headers: { authorization: basic(account) },
  })
  assert.equal(answer.status, 200)
  return ((await answer.json()) as { token: string }).token
}

/** Sends a request and checks the status of the response. */
const ask = async (
  { send }: Session,
  status: number,
  ...request: Parameters<Session['send']>
): Promise<{ readonly location: string; readonly body: Buffer }> => {
  const answer = await send(...request)
  const body = Buffer.from(await answer.arrayBuffer())
  assert.equal(answer.status, status, `${request[0]} ${request[1]}: ${body}`)
  return { location: answer.headers.get('location') ?? '', body }
}

/** Reads a blob from the bucket, following the redirect. */
const readBlob = async (session: Session, digest: string): Promise<Buffer> => {
  const { location } = await ask(session, 307, 'GET', `blobs/${digest}`)
  const answer = await fetch(location)
  assert.equal(answer.status, 200)
  return Buffer.from(await answer.arrayBuffer())
}

/** Pushes chunks smaller than a part, which together are more than one part. */
const pushInChunks = async (session: Session): Promise<void> => {
  const bytes = randomBytes(15 * MEBIBYTE)
  const size = 4 * MEBIBYTE
  let { location } = await ask(session, 202, 'POST', 'blobs/uploads/')
  for (let at = 0; at < bytes.length; at += size) {
    const body = new Uint8Array(bytes.subarray(at, at + size))
    location = (await ask(session, 202, 'PATCH', location, { body })).location
  }
  await ask(session, 204, 'GET', location)
  const digest = digestOf(bytes)
  await ask(session, 201, 'PUT', `${location}&digest=${digest}`)
  assert.ok(bytes.equals(await readBlob(session, digest)))
}

/** Cancels an upload that has staged bytes and a part. */
const giveUp = async (session: Session): Promise<void> => {
  let { location } = await ask(session, 202, 'POST', 'blobs/uploads/')
  for (const size of [4, 4, 4, 1]) {
    const body = new Uint8Array(randomBytes(size * MEBIBYTE))
    location = (await ask(session, 202, 'PATCH', location, { body })).location
  }
  await ask(session, 204, 'DELETE', location)
}

/** The digests in events that were recorded since a time, in milliseconds. */
const recordedSince = async (
  { emulator, outputs: { BucketName: Bucket } }: Deployment,
  time: number,
): Promise<readonly (string | undefined)[]> => {
  const s3 = s3Client(emulator)
  const StartAfter = outboxKey({ at: time, id: '' })
  const { Contents = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket, Prefix: OUTBOX, StartAfter }),
  )
  const digests = Contents.map(async ({ Key }) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    const { target } = JSON.parse((await Body?.transformToString()) ?? '') as EventRecord
    return target?.digest
  })
  // Others may be withdrawn meanwhile.
  const found = await Promise.allSettled(digests)
  s3.destroy()
  return found.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}

/** Pushes a blob under a wrong digest, which must leave nothing behind. */
const pushWrong = async (session: Session): Promise<void> => {
  const digest = digestOf(randomBytes(10))
  const body = new Uint8Array(randomBytes(1000))
  await ask(session, 400, 'POST', `blobs/uploads/?digest=${digest}`, { body })
  await ask(session, 404, 'HEAD', `blobs/${digest}`)
}

/** Pushes a blob with a digest other than sha256. */
const pushSha512 = async (session: Session): Promise<string> => {
  const bytes = randomBytes(1000)
  const digest = digestOf(bytes, 'sha512')
  const body = new Uint8Array(bytes)
  await ask(session, 201, 'POST', `blobs/uploads/?digest=${digest}`, { body })
  assert.ok(bytes.equals(await readBlob(session, digest)))
  return digest
}

/** Content pushed earlier, of which nothing is in memory any more. */
export interface Earlier {
  readonly name: string
  readonly layer: Buffer
  readonly manifest: Buffer
  /** The sha512 digest of a blob. */
  readonly sha512: string
  /** The robot `job`, with a token of another issuer that is its by claims. */
  readonly job: Account
}

/** Has another issuer, and a robot that its tokens log in as. */
const bindRobot = async ({ slipway }: Deployment): Promise<Account> => {
  const issuer = 'https://issuer.example'
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] }
  const issuers = [{ issuer, audience: 'slipway', jwks }]
  await slipway('issuers set -', JSON.stringify({ version: 1, issuers }))
  await slipway(`robot add job --without-secret`)
  await slipway(`robot bind job --claim iss=${issuer} --claim sub=ci`)
  const token = new SignJWT().setProtectedHeader({ alg: 'ES256' }).setIssuer(issuer)
  token.setAudience('slipway').setSubject('ci').setIssuedAt().setExpirationTime('1h')
  return { name: 'robot+job', password: await token.sign(privateKey) }
}

/** Has pushes count in a quota, and be told of to somebody whom nobody sends anything here. */
const watchPushes = async ({ slipway }: Deployment): Promise<void> => {
  const quotas = [{ repositories: ['exercise/**'], hard: '1 TB' }]
  await slipway('quota set -', JSON.stringify({ version: 1, quotas }))
  const receivers = [{ name: 'hooks', url: 'https://hooks.example' }]
  await slipway('events set -', JSON.stringify({ version: 1, receivers }))
}

/** Pushes the content that `exercise` pulls. */
export const prepare = async (deployment: Deployment): Promise<Earlier> => {
  await watchPushes(deployment)
  const name = 'exercise/earlier'
  const session = await startSession(deployment, name)
  const { layer, manifest } = await session.pushImage('v1', randomBytes(1000))
  return {
    name,
    layer,
    manifest,
    sha512: await pushSha512(session),
    job: await bindRobot(deployment),
  }
}

/** Pulls it, and mounts its blob without naming a source, as an account that may pull everything. */
const pullEarlier = async (deployment: Deployment, earlier: Earlier): Promise<void> => {
  const session = await startSession(deployment, earlier.name)
  assert.ok(earlier.manifest.equals((await ask(session, 200, 'GET', 'manifests/v1')).body))
  assert.ok(earlier.layer.equals(await readBlob(session, digestOf(earlier.layer))))
  const path = `/v2/${earlier.name}-copy/blobs/uploads/?mount=${earlier.sha512}`
  const headers = { authorization: basic(deployment.admin) }
  await ask(session, 201, 'POST', path, { headers })
}

/** Pushes, lists and deletes images, tags and referrers. */
const manageImages = async (session: Session): Promise<void> => {
  const { digest, layer, manifest } = await session.pushImage('v1', randomBytes(1000))
  assert.ok(manifest.equals((await ask(session, 200, 'GET', 'manifests/v1')).body))
  await ask(session, 404, 'GET', 'manifests/missing')
  const subject = { mediaType: mediaTypes.manifest, digest, size: manifest.length }
  const referrer = Buffer.from(
    JSON.stringify({ ...JSON.parse(manifest.toString()), artifactType: 'a/b', subject }),
  )
  const headers = { 'content-type': mediaTypes.manifest }
  const body = new Uint8Array(referrer)
  await ask(session, 201, 'PUT', `manifests/${digestOf(referrer)}`, { headers, body })
  const { body: index } = await ask(session, 200, 'GET', `referrers/${digest}`)
  assert.equal(JSON.parse(index.toString()).manifests[0].digest, digestOf(referrer))
  const { body: tags } = await ask(session, 200, 'GET', 'tags/list')
  assert.deepEqual(JSON.parse(tags.toString()).tags, ['v1'])
  await ask(session, 202, 'DELETE', `manifests/${digestOf(referrer)}`)
  await ask(session, 202, 'DELETE', 'manifests/v1')
  await ask(session, 202, 'DELETE', `manifests/${digest}`)
  await ask(session, 202, 'DELETE', `blobs/${digestOf(layer)}`)
}

/** Mounts a blob in another repository, and one that is not there, which must be no event. */
const mount = async (deployment: Deployment, session: Session, name: string): Promise<void> => {
  const began = Date.now()
  const digest = await session.pushBlob(randomBytes(1000))
  await session.pushBlob(randomBytes(10))
  const scope = `repository:${name}:pull repository:${name}-copy:pull,push`
  const token = await tokenFor(deployment, scope)
  const headers = { authorization: `Bearer ${token}` }
  const path = (each: string) => `/v2/${name}-copy/blobs/uploads/?mount=${each}&from=${name}`
  await ask(session, 201, 'POST', path(digest), { headers })
  const missing = digestOf(randomBytes(10))
  await ask(session, 202, 'POST', path(missing), { headers })
  const recorded = await recordedSince(deployment, began)
  assert.ok(recorded.includes(digest))
  assert.ok(!recorded.includes(missing))
}

/** Looks for repositories: there is no index, which has to be found out. */
const search = async ({ address, admin }: Deployment, name: string): Promise<void> => {
  const found = await fetch(`http://${address}/api/v1/search?q=${encodeURIComponent(name)}`, {
    headers: { authorization: basic(admin) },
  })
  assert.equal(found.status, 200)
}

/** Lists the repositories as an administrator. */
const listRepositories = async (deployment: Deployment, name: string): Promise<void> => {
  const token = await tokenFor(deployment, 'registry:catalog:*')
  const listed = await fetch(`http://${deployment.address}/v2/_catalog?n=1000`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const { repositories } = (await listed.json()) as { repositories: string[] }
  assert.ok(repositories.includes(name))
}

/** Deletes a whole repository, which takes two seconds at least. */
const deleteWhole = async (deployment: Deployment, name: string): Promise<void> => {
  const session = await startSession(deployment, name)
  await session.pushImage('v1', randomBytes(100))
  const { body } = await ask(session, 202, 'DELETE', `/api/v1/repositories/${name}`)
  const { deleted, remaining } = JSON.parse(body.toString())
  assert.deepEqual([deleted, remaining], [1, false])
}

/** All that is done to one repository. */
const exerciseOne = async (
  deployment: Deployment,
  robot: Account,
  earlier: Earlier,
  name: string,
): Promise<void> => {
  const session = await startSession(deployment, name)
  await tokenFor(deployment, `repository:${name}:pull`, robot)
  await tokenFor(deployment, `repository:${name}:pull`, earlier.job)
  await pullEarlier(deployment, earlier)
  await manageImages(session)
  await pushSha512(session)
  await pushWrong(session)
  await mount(deployment, session, name)
  await listRepositories(deployment, name)
  await search(deployment, name)
  await pushInChunks(session)
  await giveUp(session)
}

/**
 * Does everything once.
 *
 * @param robot a robot account, which only logs in
 */
export const exercise = async (
  deployment: Deployment,
  robot: Account,
  earlier: Earlier,
): Promise<void> => {
  const name = `exercise/${randomBytes(6).toString('hex')}`
  const beside = await Promise.allSettled([
    exerciseOne(deployment, robot, earlier, name),
    deleteWhole(deployment, `${name}-whole`),
  ])
  for (const each of beside) if (each.status === 'rejected') throw each.reason
}
