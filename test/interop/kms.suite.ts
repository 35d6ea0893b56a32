/**
 * Tokens signed and upload states sealed with keys in moto's KMS, an independent server with real ECDSA
 * and HMAC keys.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { runCommand } from '../../functions/cli/main.ts'
import { processIo } from '../../functions/cli/process-io.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { type RunningServer, startServer } from '../../functions/node/server.ts'
import { type Daemon, freePort, responds, scratch, startDaemon } from '../support/live/process.ts'

const REGION = 'eu-central-1'
const store = scratch('kms')
let kms: Daemon
let keys: readonly string[]
let server: RunningServer

const createKey = async (client: KMSClient): Promise<string> => {
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
  )
  return KeyMetadata?.KeyId ?? ''
}

const createMacKey = async (client: KMSClient): Promise<string> => {
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }),
  )
  return KeyMetadata?.KeyId ?? ''
}

const start = (signingKey: string): Promise<RunningServer> => {
  const env = { AWS_REGION: REGION }
  const args = ['--listen=127.0.0.1:0', `--store=file:${store.path}`, '--log-level=error']
  return startServer(readSettings([...args, `--signing-key=${signingKey}`], env), env)
}

beforeAll(async () => {
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  kms = await startDaemon({
    name: 'moto',
    command: 'moto_server',
    args: ['-H', '127.0.0.1', '-p', String(port)],
    ready: () => responds(`${endpoint}/moto-api/`),
  })
  // This is how an operator directs the SDK to another endpoint.
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KMS: endpoint,
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
  })
  const client = new KMSClient({ region: REGION })
  keys = [await createKey(client), await createKey(client)]
  const policy = `${store.path}/policy.json`
  const { writeFile } = await import('node:fs/promises')
  const rules = [{ who: ['anonymous'], repositories: ['open/*'], actions: ['pull'] }]
  await writeFile(policy, JSON.stringify({ version: 1, rules }))
  await runCommand(['policy', 'set', policy, `--store=file:${store.path}`], processIo({}))
  server = await start(`kms:${keys.join(',')}`)
})
afterAll(async () => {
  await server?.stop()
  await kms?.stop()
  store.remove()
})

const tokenOf = async (url: string): Promise<string> => {
  const answer = await fetch(`${url}/token?service=slipway&scope=repository:open/app:pull`)
  assert.equal(answer.status, 200)
  return ((await answer.json()) as { token: string }).token
}

const statusWith = async (url: string, token: string): Promise<number> => {
  const headers = { Authorization: `Bearer ${token}` }
  return (await fetch(`${url}/v2/open/app/tags/list`, { headers })).status
}

test('the published keys are those of KMS, and verify what it signed', async () => {
  const jwks = await (await fetch(`${server.url}/.well-known/jwks.json`)).json()
  assert.equal((jwks as { keys: unknown[] }).keys.length, 2)
  const keySet = createLocalJWKSet(jwks as Parameters<typeof createLocalJWKSet>[0])
  const { protectedHeader } = await jwtVerify(await tokenOf(server.url), keySet, {
    issuer: 'slipway',
    audience: 'slipway',
  })
  assert.equal(protectedHeader.alg, 'ES256')
})

test('the registry accepts its own token, but not one that KMS did not sign', async () => {
  const token = await tokenOf(server.url)
  assert.equal(await statusWith(server.url, token), 404)
  const [head, body, signature = ''] = token.split('.')
  const other = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  assert.equal(await statusWith(server.url, `${head}.${body}.${other}`), 401)
})

describe('upload states', () => {
  const uploads = scratch('kms-uploads')
  afterAll(() => uploads.remove())
  const serve = (key: string): Promise<RunningServer> => {
    const flags = ['--listen=127.0.0.1:0', '--auth=off', '--log-level=error']
    const args = [...flags, `--store=file:${uploads.path}`, `--upload-key=kms:${key}`]
    return startServer(readSettings(args, { AWS_REGION: REGION }), { AWS_REGION: REGION })
  }

  test('a server with the same key continues an upload, one with another key does not', async () => {
    const client = new KMSClient({ region: REGION })
    const [key, other] = [await createMacKey(client), await createMacKey(client)]
    const servers = await Promise.all([serve(key), serve(key), serve(other)])
    const [first, same, foreign] = servers.map(({ url }) => url)
    try {
      const begun = await fetch(`${first}/v2/a/blobs/uploads/`, { method: 'POST' })
      const location = begun.headers.get('Location')
      assert.equal((await fetch(`${same}${location}`)).status, 204)
      const refused = await fetch(`${foreign}${location}`)
      assert.equal(refused.status, 404)
      const { errors } = (await refused.json()) as { errors: { code: string }[] }
      assert.equal(errors[0]?.code, 'BLOB_UPLOAD_INVALID')
      assert.equal(existsSync(`${uploads.path}/slipway/v1/config/upload-secret`), false)
    } finally {
      await Promise.all(servers.map((running) => running.stop()))
    }
  })

  test('a server whose key does not exist does not start', async () => {
    await assert.rejects(serve('00000000-0000-0000-0000-000000000000'), {
      name: 'NotFoundException',
    })
  })
})

test('tokens of the older key are accepted after the keys were swapped', async () => {
  const token = await tokenOf(server.url)
  const exchanged = await start(`kms:${keys.toReversed().join(',')}`)
  try {
    assert.equal(await statusWith(exchanged.url, token), 404)
    assert.equal(await statusWith(server.url, await tokenOf(exchanged.url)), 404)
  } finally {
    await exchanged.stop()
  }
})
