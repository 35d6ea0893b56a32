/**
 * Requests that gateway, function and bucket of the deployed stack handle together, and what they log.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
} from '@aws-sdk/client-s3'
import { beforeAll, describe, test } from 'vitest'
import { digestOf, mediaTypes } from '../conformance/client.ts'
import { s3Client } from './support/clients.ts'
import type { Deployed } from './support/deployment.ts'
import { logGroups, logMessages } from './support/logs.ts'
import { idsOf, stackResources } from './support/resources.ts'
import { locationOf, type Session, startSession } from './support/session.ts'

/** Declares the tests. They need a deployment that nobody has pushed to in chunks before. */
export const stackTests = (deployed: Deployed): void => {
  let caller: Session
  let image: Awaited<ReturnType<Session['pushImage']>>
  beforeAll(async () => {
    caller = await startSession(deployed(), 'stack/image')
    image = await caller.pushImage('v1', randomBytes(100_000))
  })

  const blob = () => `blobs/${digestOf(image.layer)}`

  describe('a challenge', () => {
    test('reaches the client although the gateway renames it', async () => {
      const answer = await fetch(`http://${deployed().address}/v2/`)
      assert.equal(answer.status, 401)
      const challenge = `Bearer realm="http://${deployed().address}/token",service="slipway"`
      assert.equal(answer.headers.get('www-authenticate'), challenge)
      assert.equal(answer.headers.get('x-amzn-remapped-www-authenticate'), challenge)
    })

    test('names the scope that is needed', async () => {
      const answer = await fetch(`http://${deployed().address}/v2/a/b/manifests/v1`)
      assert.equal(answer.status, 401)
      assert.match(answer.headers.get('www-authenticate') ?? '', /,scope="repository:a\/b:pull"$/)
      const { errors } = (await answer.json()) as { errors: { code: string }[] }
      assert.equal(errors[0]?.code, 'UNAUTHORIZED')
    })
  })

  describe('a blob', () => {
    test('is read from the bucket, whole and in ranges', async () => {
      const url = locationOf(await caller.send('GET', blob()), 307)
      assert.ok(url.startsWith(`${deployed().emulator.endpoint}/${deployed().outputs.BucketName}/`))
      const whole = await fetch(url)
      assert.equal(whole.status, 200)
      assert.ok(image.layer.equals(Buffer.from(await whole.arrayBuffer())))
      const part = await fetch(url, { headers: { range: 'bytes=99000-' } })
      assert.equal(part.status, 206)
      assert.ok(image.layer.subarray(99_000).equals(Buffer.from(await part.arrayBuffer())))
    })

    test('is inspected in the bucket, by a URL for HEAD only', async () => {
      const head = locationOf(await caller.send('HEAD', blob()), 307)
      const seen = await fetch(head, { method: 'HEAD' })
      assert.equal(seen.status, 200)
      assert.equal(seen.headers.get('content-length'), String(image.layer.length))
      assert.equal((await fetch(head)).status, 403)
      const get = locationOf(await caller.send('GET', blob()), 307)
      assert.equal((await fetch(get, { method: 'HEAD' })).status, 403)
    })

    test('is not served for a modified URL', async () => {
      const url = locationOf(await caller.send('GET', blob()), 307)
      const changed = url.replace(/(X-Amz-Signature=)(.)/, (_, name, first) =>
        [name, first === '0' ? '1' : '0'].join(''),
      )
      assert.notEqual(changed, url)
      for (const each of [changed, url.replace('X-Amz-Expires=', 'X-Amz-Expires=1')]) {
        assert.equal((await fetch(each)).status, 403, each)
      }
    })

    test('that does not exist is 404', async () => {
      const answer = await caller.send('GET', `blobs/sha256:${'0'.repeat(64)}`)
      assert.equal(answer.status, 404)
    })
  })

  describe('a manifest', () => {
    test('is inspected with its length, type and digest', async () => {
      const answer = await caller.send('HEAD', 'manifests/v1')
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('content-length'), String(image.manifest.length))
      assert.equal(answer.headers.get('content-type'), mediaTypes.manifest)
      assert.equal(answer.headers.get('docker-content-digest'), image.digest)
      assert.equal(await answer.text(), '')
    })

    test('is served byte for byte, and is 304 the second time', async () => {
      const answer = await caller.send('GET', 'manifests/v1')
      assert.ok(image.manifest.equals(Buffer.from(await answer.arrayBuffer())))
      const headers = { 'if-none-match': answer.headers.get('etag') ?? '' }
      assert.equal((await caller.send('GET', 'manifests/v1', { headers })).status, 304)
    })
  })

  test('the bucket is private, encrypted and versioned', async () => {
    const s3 = s3Client(deployed().emulator)
    const of = { Bucket: deployed().outputs.BucketName }
    const access = await s3.send(new GetPublicAccessBlockCommand(of))
    assert.deepEqual(access.PublicAccessBlockConfiguration, {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    })
    const encryption = await s3.send(new GetBucketEncryptionCommand(of))
    const [rule] = encryption.ServerSideEncryptionConfiguration?.Rules ?? []
    assert.equal(rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm, 'AES256')
    assert.equal((await s3.send(new GetBucketVersioningCommand(of))).Status, 'Enabled')
    s3.destroy()
  })

  test('logs contain the requests, and no secrets', async () => {
    const { emulator, admin, stackName } = deployed()
    const chunk = new Uint8Array(randomBytes(1000))
    const begun = locationOf(await caller.send('POST', 'blobs/uploads/'), 202)
    const next = locationOf(await caller.send('PATCH', begun, { body: chunk }), 202)
    await caller.send('DELETE', next)
    const url = locationOf(await caller.send('GET', blob()), 307)
    const states = [begun, next].map((each) => each.split('_state=')[1] ?? '')
    const query = new URL(url).searchParams
    // A role's credentials include one; those of an emulator may not.
    const session = query.get('X-Amz-Security-Token')
    const secrets = [
      ...[admin.password, btoa(`${admin.name}:${admin.password}`), caller.token, ...states],
      ...[query.get('X-Amz-Signature') ?? '', ...(session ? [session] : [])],
    ]
    for (const secret of secrets) assert.ok(secret.length > 10, 'a secret to look for')

    const resources = await stackResources(emulator, stackName)
    const names = idsOf(resources, 'AWS::Logs::LogGroup')
    const all = await logGroups(emulator)
    const groups = all.filter(({ logGroupName }) => names.includes(logGroupName))
    assert.equal(groups.length, names.length)
    assert.ok(groups.every(({ retentionInDays }) => retentionInDays !== undefined))
    const messages = await Promise.all(
      groups.map(({ logGroupName }) => logMessages(emulator, logGroupName)),
    )
    const lines = messages.flat()
    for (const line of lines) {
      for (const secret of secrets) assert.ok(!line.includes(secret), line)
    }
    const requests = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
    const patch = requests.find(({ method }) => method === 'PATCH')
    assert.equal(patch?.status, 202)
    assert.equal(patch.received, chunk.length)
    assert.equal(patch.path, new URL(begun, `http://${deployed().address}`).pathname)
    assert.ok(requests.some(({ audit }) => audit?.event === 'login' && audit.outcome === 'ok'))
  })
}
