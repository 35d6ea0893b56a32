/**
 * One set of keys in moto's KMS for the API's function and the Web Function: tokens and upload states of
 * one are good at the other.
 *
 * @module
 */

import { CreateKeyCommand, type CreateKeyCommandInput, KMSClient } from '@aws-sdk/client-kms'
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createHandler } from '../../functions/handlers/api.ts'
import { writeDocuments } from '../access/rig.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { createRevision, type Revision } from '../emulators/web-function/environment.ts'
import { WEB_FUNCTIONS } from '../emulators/web-function/habits.ts'
import { type Endpoint, startEndpoint } from '../emulators/web-function/server.ts'
import { get } from '../handlers/events.ts'
import { blob } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { startBucket } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { type Daemon, freePort, responds, startDaemon } from '../support/live/process.ts'

const HABITS = WEB_FUNCTIONS['length kept']
const agent = createAgent()
let kms: Daemon
let s3: S3Server
let revision: Revision
let endpoint: Endpoint
let api: ReturnType<typeof createHandler>

const createKey = async (client: KMSClient, input: CreateKeyCommandInput): Promise<string> =>
  (await client.send(new CreateKeyCommand(input))).KeyMetadata?.KeyId ?? ''

beforeAll(async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  kms = await startDaemon({
    name: 'moto-web',
    command: 'moto_server',
    args: ['-H', '127.0.0.1', '-p', String(port)],
    ready: () => responds(`${url}/moto-api/`),
  })
  const bucket = await startBucket()
  s3 = bucket.server
  process.env.AWS_ENDPOINT_URL_KMS = url
  const client = new KMSClient({ region: s3.region })
  const signing = await createKey(client, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  const mac = await createKey(client, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  const env = {
    ...bucket.env,
    SLIPWAY_AUTH: 'token',
    SLIPWAY_SIGNING_KEY: `kms:${signing}`,
    SLIPWAY_UPLOAD_KEY: `kms:${mac}`,
  }
  await writeDocuments(
    await openStore(readSettings([], env), env),
    {
      users: { alice: 'a password of no worth' },
      policy: [{ who: ['authenticated'], repositories: ['**'], actions: ['*'] }],
    },
    Date.now(),
  )
  api = createHandler(env)
  revision = createRevision(HABITS, {
    ...env,
    AWS_ENDPOINT_URL_KMS: url,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  })
  endpoint = await startEndpoint({ habits: HABITS, open: () => revision.start })
})
afterAll(async () => {
  agent.destroy()
  await endpoint?.stop()
  revision?.remove()
  await s3?.close()
  await kms?.stop()
})

const BASIC = `Basic ${Buffer.from('alice:a password of no worth').toString('base64')}`
const TOKEN = '/token?service=slipway&scope=repository:team/app:pull,push'

type Ask = (
  method: string,
  target: string,
  authorization?: string,
  body?: Buffer,
) => Promise<{ status: number; location: string; token?: string }>

const tokenIn = (body: string): { token?: string } =>
  body.startsWith('{"token"') || body.includes('"token"') ? JSON.parse(body) : {}

const atWeb: Ask = async (method, target, authorization, body) => {
  const headers = authorization === undefined ? {} : { authorization }
  const answer: Answer = await sendOver(agent, endpoint.url, {
    ...{ method, target, headers },
    ...(body === undefined ? {} : { body }),
  })
  const { status } = answer
  return {
    status,
    location: answer.headers.get('Location') ?? '',
    ...tokenIn(answer.body.toString()),
  }
}

const atApi: Ask = async (method, target, authorization, body) => {
  const [path = '', rawQueryString = ''] = target.split('?')
  const event = get(path, authorization === undefined ? {} : { authorization })
  event.requestContext.http.method = method
  const result: APIGatewayProxyStructuredResultV2 = await api(
    {
      ...event,
      rawQueryString,
      ...(body === undefined
        ? {}
        : {
            headers: { ...event.headers, 'content-length': String(body.length) },
            body: body.toString('base64'),
            isBase64Encoded: true,
          }),
    },
    {} as Context,
  )
  return {
    status: result.statusCode ?? 0,
    location: String(result.headers?.location ?? ''),
    ...tokenIn(result.body ?? ''),
  }
}

const WAYS: readonly (readonly [string, Ask, Ask])[] = [
  ['the API', atApi, atWeb],
  ['the Web Function', atWeb, atApi],
]
for (const [name, first, other] of WAYS) {
  test(`a token and an upload of ${name} are good at the other`, async () => {
    const { token } = await first('GET', TOKEN, BASIC)
    const bearer = `Bearer ${token}`
    expect((await other('GET', '/v2/team/app/tags/list', bearer)).status).toBe(404)
    expect((await other('GET', '/v2/team/app/tags/list', `${bearer}x`)).status).toBe(401)

    const { bytes, sha256 } = blob(`both, ${name}`, 200_000)
    const begun = await first('POST', '/v2/team/app/blobs/uploads/', bearer)
    expect(begun.status).toBe(202)
    // Without credentials, as clients continue at another host.
    const patched = await other('PATCH', begun.location, undefined, bytes)
    expect(patched.status).toBe(202)
    const done = await first('PUT', `${patched.location}&digest=${sha256}`)
    expect(done.status).toBe(201)
    expect((await other('GET', `/v2/team/app/blobs/${sha256}`, bearer)).status).toBe(307)
  })
}
