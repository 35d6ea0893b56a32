/**
 * S3 at the registry's own host or below it: clients that sent credentials get blobs from the server.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { HTPASSWD_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
import { createS3Store } from '../../functions/storage/s3/store.ts'
import { policyText } from '../access/rig.ts'
import { userLine, write } from '../auth/harness.ts'
import { CONFIG } from '../support/hosts/content.ts'
import { startBucket } from '../support/hosts/start.ts'

let bucket: Awaited<ReturnType<typeof startBucket>>
beforeAll(async () => {
  bucket = await startBucket()
  const { endpoint, region, bucket: name } = bucket.server
  const store = createS3Store({
    endpoint,
    region,
    bucket: name,
    prefix: 'registry',
    forcePathStyle: true,
  })
  await write(store, HTPASSWD_KEY, await userLine('alice', 'right horse'))
  const anyone = { who: ['anonymous', 'authenticated'], repositories: ['**'] }
  await write(store, POLICY_KEY, policyText([{ ...anyone, actions: ['*'] }]))
})
afterAll(() => bucket.server.close())

const ALICE = { Authorization: `Basic ${Buffer.from('alice:right horse').toString('base64')}` }

const startWith = async (...args: string[]) => {
  const env = { ...bucket.env, SLIPWAY_AUTH: 'auto' }
  const server = await startServer(readSettings(['--listen=127.0.0.1:0', ...args], env), env)
  onTestFinished(server.stop)
  const pushed = await fetch(`${server.url}/v2/app/blobs/uploads/?digest=${CONFIG.sha256}`, {
    method: 'POST',
    headers: ALICE,
    body: new Uint8Array(CONFIG.bytes),
  })
  expect(pushed.status).toBe(201)
  return server
}

const pull = (url: string, headers: Record<string, string>) =>
  fetch(`${url}/v2/app/blobs/${CONFIG.sha256}`, { headers, redirect: 'manual' })

describe('S3 and the registry at 127.0.0.1', () => {
  test('what S3 says to a client that follows a redirect with its credentials', async () => {
    const { url } = await startWith()
    const redirected = await pull(url, {})
    expect(redirected.status).toBe(307)
    const location = redirected.headers.get('Location') ?? ''
    expect((await fetch(location, { headers: ALICE })).status).toBe(400)
    expect((await fetch(location)).status).toBe(200)
  })

  /** Settings, what comes with the request, and whether it is redirected. */
  const ROWS: readonly (readonly [string[], Record<string, string>, number])[] = [
    [[], ALICE, 200],
    [[], {}, 307],
    [['--trust-proxy=127.0.0.1'], { ...ALICE, 'X-Forwarded-Host': 'registry.example' }, 307],
    [['--trust-proxy=127.0.0.1'], { ...ALICE, 'X-Forwarded-Host': '127.0.0.1:80' }, 200],
    // A proxy that is not trusted cannot have a client redirected.
    [[], { ...ALICE, 'X-Forwarded-Host': 'registry.example' }, 200],
    [['--public-url=https://registry.example'], ALICE, 200],
    [
      ['--public-url=http://127.0.0.1', '--trust-proxy=127.0.0.1'],
      { ...ALICE, 'X-Forwarded-Host': 'registry.example' },
      200,
    ],
  ]
  test.each(ROWS)('%j, %j: %i', async (args, headers, status) => {
    const { url } = await startWith(...args)
    const answer = await pull(url, headers)
    expect(answer.status).toBe(status)
    if (status === 200) expect(Buffer.from(await answer.arrayBuffer())).toEqual(CONFIG.bytes)
  })

  test.each([
    [[], '127.0.0.1'],
    [['--public-url=https://127.0.0.1'], '127.0.0.1'],
    [['--public-url=https://registry.example'], undefined],
    [['--redirects=off'], undefined],
  ])('the start tells: %j', async (args, host) => {
    const said = (await startWith(...args)).notes.filter((note) => note.startsWith('S3 is at '))
    expect(said).toEqual(host === undefined ? [] : [expect.stringContaining(`S3 is at ${host}, `)])
  })
})
