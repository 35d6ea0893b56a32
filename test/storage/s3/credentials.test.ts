/**
 * Credentials that the SDK finds by itself.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import dns from 'node:dns'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { openPlace } from '../../../functions/storage/s3/place.ts'
import { openOn } from './harness.ts'

const SSO = 'https://example.awsapps.com/start'

test('single sign-on is asked in its own region, not in that of the bucket', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'slipway-home-'))
  t.onTestFinished(() => rmSync(home, { recursive: true }))
  const cache = join(home, '.aws', 'sso', 'cache')
  mkdirSync(cache, { recursive: true })
  writeFileSync(
    join(home, '.aws', 'config'),
    `[default]\nsso_start_url=${SSO}\nsso_region=eu-west-1\nsso_account_id=111122223333\nsso_role_name=r\n`,
  )
  writeFileSync(
    join(cache, `${createHash('sha1').update(SSO).digest('hex')}.json`),
    JSON.stringify({ accessToken: 'token', expiresAt: new Date(Date.now() + 9e6).toISOString() }),
  )
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) vi.stubEnv(name, undefined)
  }
  vi.stubEnv('HOME', home)
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
  t.onTestFinished(() => void vi.unstubAllEnvs())
  const asked: string[] = []
  const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((...args: unknown[]) => {
    asked.push(String(args[0]))
    const done = args.at(-1) as (error: Error) => void
    done(Object.assign(new Error('no network'), { code: 'ENOTFOUND' }))
  }) as unknown as typeof dns.lookup)
  t.onTestFinished(() => void lookup.mockRestore())
  const { credentials } = openPlace({ bucket: 'box', region: 'us-east-2' }, {})
  await expect(credentials()).rejects.toThrow('no network')
  expect([...new Set(asked)]).toEqual(['portal.sso.eu-west-1.amazonaws.com'])
})

test('credentials that are about to expire are asked for anew', async (t) => {
  const tokens: unknown[] = []
  let asked = 0
  const store = await openOn(
    t,
    ({ headers }, response) => {
      tokens.push(headers['x-amz-security-token'])
      response.writeHead(200, { etag: '"e"', 'content-length': 0 }).end()
    },
    {
      credentials: async () => ({
        ...{ accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: `${++asked}` },
        expiration: new Date(Date.now() + (asked < 3 ? 60_000 : 3_600_000)),
      }),
    },
  )
  for (const _ of 'abcd') await store.head('a')
  expect(tokens.at(-1)).not.toBe(tokens[0])
  expect(asked).toBe(3)
})

test.for(['ExpiredToken', 'InvalidToken'])('%s: the store is unavailable', async (code, t) => {
  const store = await openOn(t, (incoming, response) => {
    incoming.resume()
    response.writeHead(400).end(`<Error><Code>${code}</Code><Message>m</Message></Error>`)
  })
  const refused = { name: 'StoreError', failure: 'unavailable', message: `get a: ${code}: m` }
  await expect(store.get('a')).rejects.toMatchObject(refused)
})
