/**
 * The Lambda handler, event by event. The protocol as a whole is tested through it in test/api.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openStore } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { type ApiHandler, createHandler } from '../../functions/handlers/api.ts'
import { PeopleIssuer } from '../access/people-issuer.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { CONFIG, contentOf, imageOf } from '../support/hosts/content.ts'
import { startBucket } from '../support/hosts/start.ts'
import { blobPost, get, MANIFEST_HEAD, manifestPut, uploadPost } from './events.ts'
import { WRONG } from './wrong-settings.ts'

const CONTEXT = {} as Context
// Bytes that are not UTF-8 would not survive as text.
const IMAGE = contentOf(`${imageOf().bytes} \r\n\t`)
const ID = MANIFEST_HEAD.requestContext.requestId

describe('events', () => {
  let s3: S3Server
  let env: NodeJS.ProcessEnv
  let handler: ApiHandler
  const send = (event: APIGatewayProxyEventV2) => handler(event, CONTEXT)

  beforeAll(async () => {
    const bucket = await startBucket()
    s3 = bucket.server
    env = bucket.env
    handler = createHandler(env)
    await send(blobPost(CONFIG.sha256, CONFIG.bytes))
    await send(manifestPut(IMAGE.sha256, IMAGE.bytes))
  })
  afterAll(() => s3.close())

  test('a push of a blob', async () => {
    const result = await send(blobPost(CONFIG.sha256, CONFIG.bytes))
    assert.equal(result.statusCode, 201)
    assert.equal(result.body, '')
    assert.equal(result.headers?.['docker-content-digest'], CONFIG.sha256)
    assert.equal(result.headers?.location, `/v2/library/app/blobs/${CONFIG.sha256}`)
  })

  test('a push of a manifest with two tags', async () => {
    const result = await send(manifestPut(IMAGE.sha256, IMAGE.bytes))
    assert.equal(result.statusCode, 201)
    assert.equal(result.headers?.['oci-tag'], 'v1, latest')
    for (const tag of ['v1', 'latest']) {
      const { statusCode } = await send(get(`/v2/library/app/manifests/${tag}`))
      assert.equal(statusCode, 200)
    }
  })

  test('HEAD of a manifest has its body, for the gateway to count', async () => {
    const result = await send(MANIFEST_HEAD)
    assert.equal(result.statusCode, 200)
    assert.equal(result.isBase64Encoded, true)
    assert.deepEqual(Buffer.from(result.body ?? '', 'base64'), IMAGE.bytes)
    assert.equal(result.headers?.['content-length'], String(IMAGE.bytes.length))
    assert.equal(result.headers?.['docker-content-digest'], IMAGE.sha256)
  })

  test('bytes are base64, JSON and text are not', async () => {
    const binary = await send(get(`/v2/library/app/manifests/${IMAGE.sha256}`))
    assert.equal(binary.isBase64Encoded, true)
    const json = await send(get('/v2/'))
    assert.deepEqual([json.isBase64Encoded, json.body], [false, '{}'])
    const text = await send(get('/'))
    assert.equal(text.isBase64Encoded, false)
    const error = await send(get('/v2/library/app/manifests/none'))
    assert.equal(error.isBase64Encoded, false)
    assert.equal(JSON.parse(error.body ?? '').errors[0].code, 'MANIFEST_UNKNOWN')
  })

  test('blobs are redirected, whatever the method', async () => {
    for (const method of ['GET', 'HEAD']) {
      const event = get(`/v2/library/app/blobs/${CONFIG.sha256}`)
      event.requestContext.http.method = method
      const { statusCode, headers } = await send(event)
      assert.equal(statusCode, 307)
      const answer = await fetch(String(headers?.location), { method })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('content-length'), String(CONFIG.bytes.length))
    }
  })

  test("the request id is Lambda's, not the client's", async () => {
    const { body, headers } = await send(get('/v2/a/manifests/b', { 'x-request-id': 'mine' }))
    assert.equal(headers?.['x-request-id'], ID)
    assert.equal(JSON.parse(body ?? '').errors[0].detail.requestId, ID)
  })

  test('a GET with a body is treated as one without', async () => {
    const event = { ...get('/v2/'), body: 'e30=', isBase64Encoded: true }
    assert.equal((await send(event)).statusCode, 200)
  })

  const WAYS = [
    [{}, /the limit is 4500000: .* --blob-chunk 4500000.* Node server/],
    [
      { SLIPWAY_UPLOAD_ORIGIN: 'https://push.example:8443' },
      /the limit is 4500000: push to push\.example:8443\/NAME, which takes layers of any size$/,
    ],
  ] as const
  for (const [more, way] of WAYS) {
    test(`a truncated body is refused with 413, and a way that works: ${way}`, async () => {
      const own = createHandler({ ...env, ...more })
      const event = blobPost(CONFIG.sha256, CONFIG.bytes)
      const headers = { ...event.headers, 'content-length': '7000000' }
      for (const body of [event.body ?? '', undefined]) {
        const { body: _, ...rest } = event
        const cut = { ...rest, headers, ...(body === undefined ? {} : { body }) }
        const result = await own(cut, CONTEXT)
        assert.equal(result.statusCode, 413)
        const [error] = JSON.parse(result.body ?? '').errors
        assert.equal(error.code, 'UNSUPPORTED')
        const received = body === undefined ? 0 : CONFIG.bytes.length
        assert.match(error.message, new RegExp(`7000000 bytes, of which ${received} were received`))
        assert.match(error.message, way)
      }
    })
  }

  const PATHS = [
    `/v2/library%2Fapp/manifests/${IMAGE.sha256}`,
    `/v2/library/app/manifests/${IMAGE.sha256.replace(':', '%3A')}`,
    `/v2/library/app/manifests/${IMAGE.sha256}`,
  ]
  for (const path of PATHS) {
    test(`the path ${path.slice(0, 40)} is found`, async () => {
      assert.equal((await send(get(path))).statusCode, 200)
    })
  }
  for (const end of ['?x', '#x', ' ', '\n', '\t']) {
    test(`a decoded path that ends in ${JSON.stringify(end)} is not cut`, async () => {
      const { statusCode, body } = await send(get(`/v2/library/app/manifests/v1${end}`))
      assert.ok([400, 404].includes(statusCode ?? 0), `${statusCode} ${body}`)
    })
  }

  test('the upload secret is fetched once, for the first upload', async () => {
    const fresh = createHandler(env)
    s3.counter.reset()
    await fresh(get('/v2/'), CONTEXT)
    assert.deepEqual(s3.counter.counts, {})
    const begin = () => fresh(uploadPost(), CONTEXT)
    const [first, second] = await Promise.all([begin(), begin()])
    assert.deepEqual([first?.statusCode, second?.statusCode], [202, 202])
    // It did not exist: they created it.
    assert.deepEqual(s3.counter.counts, { GetObject: 1, PutObject: 1 })
    await begin()
    assert.equal(s3.counter.total, 2)
  })

  test('settings that are wrong are read again by the next event', async () => {
    const changing = { ...env, SLIPWAY_STORE: 'file:/data' }
    const fresh = createHandler(changing)
    await assert.rejects(async () => fresh(get('/v2/'), CONTEXT), { name: 'SettingsError' })
    changing.SLIPWAY_STORE = env.SLIPWAY_STORE ?? ''
    assert.equal((await fresh(get('/v2/'), CONTEXT)).statusCode, 200)
  })
})

for (const [env, message] of WRONG) {
  test(`settings ${JSON.stringify(env)} are refused`, async () => {
    const handler = createHandler(env)
    await assert.rejects(async () => handler(get('/v2/'), CONTEXT), {
      name: 'SettingsError',
      message,
    })
  })
}

/** Runs a script in a process of its own, and gives what it wrote. */
const output = async (script: string, env: NodeJS.ProcessEnv): Promise<string> => {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { cwd: new URL('../..', import.meta.url), env: { PATH, NODE_COMPILE_CACHE, ...env } },
  )
  return stdout
}
const IMPORT = "const { handler } = await import('./functions/handlers/api.ts')"

test('the module takes its settings from the environment at the first event, not before', async () => {
  const script = `${IMPORT}
    process.env.SLIPWAY_STORE = 'file:late'
    const event = ${JSON.stringify(get('/v2/'))}
    await handler(event, {}).catch((error) => console.log(error.message))`
  assert.equal(
    await output(script, {}),
    'SLIPWAY_STORE is "file:late": on Lambda it must be s3://<bucket>/<prefix>\n',
  )
})

test("a line of the log has Lambda's request id, the client's method, bytes of bodies, and metrics", async () => {
  const { server, env } = await startBucket()
  const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = server
  const variables = {
    ...env,
    ...{ SLIPWAY_LOG_LEVEL: 'info', SLIPWAY_METRICS_NAMESPACE: 'Slipway/test' },
    ...{ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
  }
  const event = { ...MANIFEST_HEAD, rawQueryString: 'ns=secret' }
  const events = [blobPost(CONFIG.sha256, CONFIG.bytes), get('/v2/'), event]
  const script = `${IMPORT}\nfor (const event of ${JSON.stringify(events)}) await handler(event, {})`
  const written = await output(script, variables)
  await server.close()
  const requests = written
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'request')
    .map(({ requestId, method, path, status, received, sent, handler, _aws }) => {
      assert.equal(_aws.CloudWatchMetrics[0].Namespace, 'Slipway/test')
      return { requestId, method, path, status, handler, bytes: [received, sent] }
    })
  const [uploads, manifest] = ['/v2/library/app/blobs/uploads/', '/v2/library/app/manifests/v1']
  const { length } = CONFIG.bytes
  const lines = [
    { method: 'POST', path: uploads, status: 201, handler: 'blob_upload', bytes: [length, 0] },
    { method: 'GET', path: '/v2/', status: 200, handler: 'base', bytes: [0, '{}'.length] },
    { method: 'HEAD', path: manifest, status: 404, handler: 'manifest', bytes: [0, 0] },
  ]
  assert.deepEqual(
    requests,
    lines.map((line) => ({ requestId: ID, ...line })),
  )
  assert.doesNotMatch(written, /secret/)
})

test('people log in: the gateway has cookies apart from headers', async (t) => {
  const issuer = new PeopleIssuer()
  await issuer.open()
  t.onTestFinished(() => issuer.close())
  const { server, env } = await startBucket()
  t.onTestFinished(() => server.close())
  await issuer.trusted({ store: await openStore(readSettings([], env), env) })
  const handle = createHandler({ ...env, SLIPWAY_AUTH: 'token' })
  const at = (path: string, query: string, ...cookies: string[]) =>
    handle({ ...get(path), rawQueryString: query, cookies }, CONTEXT)
  const started = await at('/auth/login', '')
  assert.equal(started.statusCode, 303)
  const asked = new URL(String(started.headers?.location)).searchParams
  issuer.challenge = asked.get('code_challenge') ?? ''
  issuer.idToken = issuer.signed(Date.now(), { nonce: asked.get('nonce') })
  const [sealed = ''] = started.cookies?.map((each) => each.split(';')[0]!) ?? []
  const query = `state=${asked.get('state')}&code=right`
  const ended = await at('/auth/callback', query, 'theme=dark', sealed)
  assert.equal(ended.statusCode, 303, ended.body)
  const [dropped, session = ''] = ended.cookies ?? []
  assert.match(dropped ?? '', /^__Host-slipway-log-in=; Max-Age=0;/)
  const shown = await at('/auth/session', '', session.split(';')[0]!)
  assert.equal(JSON.parse(shown.body ?? '').identity.name, 'ada')
})
