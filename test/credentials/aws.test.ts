/**
 * Passwords made of AWS credentials: where these are found, and what is said where there are none or the password is
 * too long.
 *
 * @module
 */

import { afterEach, beforeEach, expect, type TestContext, test, vi } from 'vitest'
import { CommandError } from '../../functions/cli/errors.ts'
import { awsPassword } from '../../functions/credentials/aws.ts'
import { openDesk } from '../cli/desk.ts'
import { openFiles } from '../support/rig/stores.ts'

const KEYS = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' }

/** What the SDK would find of the machine that runs this. */
const NOTHING = {
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_REGION: undefined,
  AWS_ROLE_ARN: undefined,
  AWS_WEB_IDENTITY_TOKEN_FILE: undefined,
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
  AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined,
}
const set = (env: Readonly<Record<string, string | undefined>>): void => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
}
beforeEach(() => set(NOTHING))
afterEach(() => {
  vi.unstubAllEnvs()
})

const decode = (password: string) => JSON.parse(Buffer.from(password, 'base64').toString())

const give = async (t: TestContext, line: string): Promise<readonly string[]> =>
  (await openDesk(t, openFiles)).give(line)

test.for([
  ['eu-west-1', 'sts.eu-west-1.amazonaws.com'],
  ['cn-north-1', 'sts.cn-north-1.amazonaws.com.cn'],
  ['us-gov-west-1', 'sts.us-gov-west-1.amazonaws.com'],
  ['us-isob-east-1', 'sts.us-isob-east-1.sc2s.sgov.gov'],
])(
  'slipway login-password of credentials in the environment, for %s',
  async ([region, host], t) => {
    set({ AWS_ACCESS_KEY_ID: 'AKIDAKIDAKIDAKID', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: region })
    const printed = await give(t, 'login-password https://Registry.example:5000/')
    expect(printed).toHaveLength(1)
    const { method, url, headers } = decode(printed[0] ?? '')
    expect({ method, headers }).toEqual({
      method: 'GET',
      headers: { 'x-slipway-registry': 'registry.example:5000' },
    })
    const { origin, searchParams } = new URL(url)
    expect(origin).toBe(`https://${host}`)
    expect(Object.fromEntries(searchParams)).toMatchObject({
      Action: 'GetCallerIdentity',
      'X-Amz-Credential': `AKIDAKIDAKIDAKID/20300101/${region}/sts/aws4_request`,
      'X-Amz-Expires': '900',
      'X-Amz-SignedHeaders': 'host;x-slipway-registry',
    })
  },
)

test('--region is whose STS is asked', async (t) => {
  set({ AWS_ACCESS_KEY_ID: 'AKIDAKIDAKIDAKID', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'x' })
  const [password = ''] = await give(t, 'login-password registry.example --region eu-west-1')
  expect(decode(password).url).toMatch(/^https:\/\/sts\.eu-west-1\.amazonaws\.com\//)
})

test.for<[env: Readonly<Record<string, string>>, line: string, message: RegExp]>([
  [{ AWS_REGION: 'eu-west-1' }, 'registry.example', /^there are no AWS credentials: /],
  [
    { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 's' },
    'registry.example',
    /^no AWS Region is set/,
  ],
  [{}, 'https://', /^the registry is missing/],
])('%o, %s: a line says what is missing', async ([env, line, message], t) => {
  set(env)
  const failure = await give(t, `login-password ${line}`).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(CommandError)
  expect((failure as Error).message).toMatch(message)
})

const withToken = (length: number) =>
  awsPassword({
    registry: 'a.registry.with.a.long.name.example.com',
    region: 'ap-southeast-1',
    now: 0,
    credentials: async () => ({
      ...KEYS,
      sessionToken: 'ABCDEFGHIJ/LMNOPQRSTUVWXYZabcdefghi+klmnopqrstuvwxyz0123456789AB'
        .repeat(Math.ceil(length / 64))
        .slice(0, length),
    }),
  })

test('the longest session token fits a gateway, and a longer one is told of', async () => {
  const password = await withToken(4096)
  const header = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`
  expect(header.length).toBeLessThan(10_240 - 1400)
  await expect(withToken(5000)).rejects.toThrow(
    /session token of these AWS credentials has 5000 bytes: .* header of 1\d{4} bytes, and of the 10240/,
  )
})
