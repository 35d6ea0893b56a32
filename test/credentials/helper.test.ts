/**
 * The credential helper: which token it finds, and what it says where there is none that the registry would take.
 *
 * @module
 */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AwsPasswordOptions } from '../../functions/credentials/aws.ts'
import { help } from '../../functions/credentials/helper.ts'
import { encode } from '../auth/tokens-forge.ts'

const NOW = Date.UTC(2026, 5, 1)
const HOST = 'registry.example:5000'

/** A token that nobody signed: the helper verifies nothing. */
const tokenFor = (aud: string | readonly string[], more: object = {}): string =>
  `${encode({ alg: 'ES256' })}.${encode({ aud, exp: NOW / 1000 + 60, ...more })}.c2ln`

const asked: { readonly url: string; readonly authorization: string | undefined }[] = []
let answer: RequestListener = () => {}
const github = createServer((request, response) => {
  asked.push({ url: request.url ?? '', authorization: request.headers.authorization })
  answer(request, response)
})
let url = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => github.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(github.address() as AddressInfo).port}/token?api-version=2.0`
})
afterAll(() => {
  github.closeAllConnections()
  github.close()
})
beforeEach(() => {
  asked.length = 0
  answer = (request, response) => {
    const audience = new URL(request.url ?? '', url).searchParams.get('audience') ?? ''
    response.end(JSON.stringify({ value: tokenFor(audience, { from: 'github' }) }))
  }
})

interface Job {
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
}

const run = (action: string, input: string, { env = {}, files = {} }: Job = {}) => {
  const surroundings = {
    env,
    readFile: async (path: string) => {
      const text = files[path]
      if (text === undefined) throw new Error(`no ${path}`)
      return text
    },
    fetch: (to: URL, init: RequestInit) => fetch(to, init),
    awsPassword: async ({ registry, region }: AwsPasswordOptions) => `${registry} in ${region}`,
    now: () => NOW,
  }
  return help([action], async () => input, surroundings, '1.2.3')
}

const inGithub = () => ({
  ACTIONS_ID_TOKEN_REQUEST_URL: url,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'job-secret',
})
const FOR_US = tokenFor(HOST)
const FOR_AWS = tokenFor('sts.amazonaws.com')

describe('get finds', () => {
  test.each<[what: string, job: () => Job, token: string]>([
    ['a token in a variable, as of GitLab', () => ({ env: { SLIPWAY_TOKEN: FOR_US } }), FOR_US],
    [
      'a token in a file, as of Kubernetes and SPIFFE',
      () => ({ env: { SLIPWAY_TOKEN_FILE: '/t' }, files: { '/t': `${FOR_US}\n` } }),
      FOR_US,
    ],
    [
      'one for several audiences',
      () => ({ env: { SLIPWAY_TOKEN: tokenFor(['x', HOST]) } }),
      tokenFor(['x', HOST]),
    ],
    ["GitHub's", () => ({ env: inGithub() }), tokenFor(HOST, { from: 'github' })],
    [
      'one for the audience that was set',
      () => ({ env: { ...inGithub(), SLIPWAY_AUDIENCE: 'registry.example' } }),
      tokenFor('registry.example', { from: 'github' }),
    ],
    [
      'that of EKS, where it is for the registry',
      () => ({ env: { AWS_WEB_IDENTITY_TOKEN_FILE: '/aws' }, files: { '/aws': FOR_US } }),
      FOR_US,
    ],
  ])('%s', async (_, job, token) => {
    const { print, code } = await run('get', `https://${HOST}/v2/\n`, job())
    expect(code).toBe(0)
    expect(JSON.parse(print)).toEqual({
      ServerURL: `https://${HOST}/v2/`,
      Username: 'token',
      Secret: token,
    })
  })

  test.each(['ci', 'robot+ci'])('a token for the robot %s', async (SLIPWAY_ROBOT) => {
    const { print } = await run('get', HOST, { env: { SLIPWAY_TOKEN: FOR_US, SLIPWAY_ROBOT } })
    expect(JSON.parse(print)).toEqual({ ServerURL: HOST, Username: 'robot+ci', Secret: FOR_US })
  })

  test.each<[what: string, env: Readonly<Record<string, string>>, secret: string]>([
    ['keys', { AWS_ACCESS_KEY_ID: 'AKID', AWS_REGION: 'eu-west-1' }, `${HOST} in eu-west-1`],
    ['a profile', { AWS_PROFILE: 'work' }, `${HOST} in undefined`],
    [
      "a container's role, for another name and Region",
      {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/',
        SLIPWAY_AUDIENCE: 'registry.example',
        SLIPWAY_AWS_REGION: 'eu-west-1',
        AWS_REGION: 'us-east-1',
      },
      'registry.example in eu-west-1',
    ],
    [
      'a role on EKS, whose token is for AWS',
      { AWS_ROLE_ARN: 'arn', AWS_WEB_IDENTITY_TOKEN_FILE: '/aws', AWS_REGION: 'eu-west-1' },
      `${HOST} in eu-west-1`,
    ],
  ])('credentials of AWS: %s', async (_, env, Secret) => {
    const { print, code } = await run('get', HOST, { env, files: { '/aws': FOR_AWS } })
    expect(code).toBe(0)
    expect(JSON.parse(print)).toEqual({ ServerURL: HOST, Username: 'AWS', Secret })
  })

  test('GitHub is asked for this registry alone, with the secret of the job', async () => {
    await run('get', HOST, { env: inGithub() })
    expect(asked).toEqual([
      {
        url: `/token?api-version=2.0&audience=${encodeURIComponent(HOST)}`,
        authorization: 'Bearer job-secret',
      },
    ])
  })
})

test.each<[what: string, job: Job]>([
  ['outside of a job', {}],
  ['without the permission to ask GitHub', { env: { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x/' } }],
  [
    'on EKS, whose token is for AWS',
    { env: { AWS_WEB_IDENTITY_TOKEN_FILE: '/aws' }, files: { '/aws': FOR_AWS } },
  ],
])('%s clients go on without credentials', async (_, job) => {
  expect(await run('get', HOST, job)).toEqual({
    print: 'credentials not found in native keychain',
    code: 1,
  })
})

describe('what the registry would refuse is said', () => {
  test.each<[what: string, job: Job, message: RegExp]>([
    [
      'a token for others',
      { env: { SLIPWAY_TOKEN: FOR_AWS } },
      /^SLIPWAY_TOKEN is for sts\.amazonaws\.com, not for registry\.example:5000: see SLIPWAY_AUDIENCE$/,
    ],
    [
      'a token for nobody',
      { env: { SLIPWAY_TOKEN: tokenFor([]) } },
      /^SLIPWAY_TOKEN is for nobody, not for/,
    ],
    [
      'one that has expired',
      { env: { SLIPWAY_TOKEN: tokenFor(HOST, { exp: NOW / 1000 }) } },
      /^SLIPWAY_TOKEN has expired at 2026-06-01T00:00:00\.000Z$/,
    ],
    ['no token', { env: { SLIPWAY_TOKEN: 'secret' } }, /^SLIPWAY_TOKEN is not a signed JWT$/],
    [
      'a file that is not there',
      { env: { SLIPWAY_TOKEN_FILE: '/none' } },
      /^SLIPWAY_TOKEN_FILE: \/none cannot be read$/,
    ],
    [
      'a place without TLS',
      {
        env: {
          ACTIONS_ID_TOKEN_REQUEST_URL: 'http://github.example/',
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x',
        },
      },
      /^ACTIONS_ID_TOKEN_REQUEST_URL is not an https URL$/,
    ],
  ])('%s', async (_, job, message) => {
    const { print, code } = await run('get', HOST, job)
    expect([code, print]).toEqual([1, expect.stringMatching(message)])
    expect(print).not.toContain('c2ln')
  })

  test.each<[what: string, answer: RequestListener, why: RegExp]>([
    ['403', (_, response) => response.writeHead(403).end(), /the response was 403/],
    ['no value', (_, response) => response.end('{}'), /the response has no value/],
    ['no JSON', (_, response) => response.end('<html>'), /JSON/],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: 'https://elsewhere.example/' }).end(),
      /failed/,
    ],
  ])('GitHub answers with %s', async (_, how, why) => {
    answer = how
    const { print, code } = await run('get', HOST, { env: inGithub() })
    expect(code).toBe(1)
    expect(print).toMatch(/^GitHub gave no token for registry\.example:5000: /)
    expect(print).toMatch(why)
    expect(print).not.toContain('job-secret')
  })
})

test.each([
  ['list', '', { print: '{}', code: 0 }],
  ['erase', HOST, { print: '', code: 0 }],
  ['version', '', { print: 'docker-credential-slipway 1.2.3', code: 0 }],
  ['store', '{}', { print: expect.stringMatching(/keeps no passwords/), code: 1 }],
  ['get', '\n', { print: 'no credentials server URL', code: 1 }],
  ['help', '', { print: expect.stringMatching(/^Usage: docker-credential-slipway get/), code: 1 }],
])('%s with %j', async (action, input, outcome) => {
  expect(await run(action, input)).toEqual(outcome)
})
