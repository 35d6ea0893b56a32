/**
 * Log-ins with AWS credentials: what is refused before STS is asked, what STS refuses, and what it may say.
 *
 * @module
 */

import type { RequestListener } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAwsLogIns } from '../../functions/auth/iam/log-in.ts'
import { awsPassword } from '../../functions/credentials/aws.ts'
import { callerXml, type StsServer, startSts } from '../emulators/sts/server.ts'

const NOW = Date.UTC(2026, 5, 1, 12)
const HOST = 'registry.example'
const ROLE = 'arn:aws:iam::123456789012:role/ci'
const CALLERS = {
  role: {
    accessKeyId: 'ASIAROLEROLEROLE',
    secretAccessKey: 'role secret',
    sessionToken: `${'To/k+en='.repeat(200)}`,
    arn: 'arn:aws:sts::123456789012:assumed-role/ci/job@42',
  },
  user: {
    accessKeyId: 'AKIAUSERUSERUSER',
    secretAccessKey: 'user secret',
    arn: 'arn:aws:iam::123456789012:user/people/alice',
  },
  root: {
    accessKeyId: 'AKIAROOTROOTROOT',
    secretAccessKey: 'root secret',
    arn: 'arn:aws:iam::123456789012:root',
  },
  china: {
    accessKeyId: 'AKIACHINACHINACH',
    secretAccessKey: 'china secret',
    arn: 'arn:aws-cn:iam::123456789012:user/alice',
  },
  stranger: {
    accessKeyId: 'AKIASTRANGER0000',
    secretAccessKey: 'stranger secret',
    arn: 'arn:aws:sts::999999999999:assumed-role/ci/job',
  },
} as const
type Who = keyof typeof CALLERS

let sts: StsServer
let now = NOW
beforeAll(async () => {
  sts = await startSts(Object.values(CALLERS), () => now)
})
afterAll(() => sts.close())
beforeEach(() => {
  sts.asked.length = 0
  sts.instead = undefined
  now = NOW
})

const open = (endpoint = sts.endpoint) =>
  createAwsLogIns({
    regions: ['eu-west-1', 'us-east-1', 'cn-north-1'],
    names: [HOST, 'registry.example:5000'],
    mayLogIn: async (arn) => arn.includes(':123456789012:'),
    endpoint,
    now: () => now,
  })

const make = (
  who: Who = 'role',
  {
    registry = HOST,
    region = 'eu-west-1',
    at = NOW,
  }: { registry?: string; region?: string; at?: number } = {},
): Promise<string> =>
  awsPassword({ registry, region, now: at, credentials: async () => CALLERS[who] })

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')
const decode = (password: string) => JSON.parse(Buffer.from(password, 'base64').toString())

/** The same with another URL. */
const withUrl = (password: string, change: (url: string) => string): string => {
  const request = decode(password)
  return encode({ ...request, url: change(request.url) })
}

const ADDRESS = '192.0.2.1'

test.each<[who: Who, region: string, name: string]>([
  ['role', 'eu-west-1', ROLE],
  ['user', 'eu-west-1', 'arn:aws:iam::123456789012:user/people/alice'],
  ['root', 'us-east-1', 'arn:aws:iam::123456789012:root'],
  ['china', 'cn-north-1', 'arn:aws-cn:iam::123456789012:user/alice'],
])('%s logs in with STS of %s', async (who, region, name) => {
  const identity = await open().logIn('AWS', await make(who, { region }), ADDRESS)
  expect(identity).toEqual({ kind: 'aws', name, groups: [], claims: {} })
  const [{ headers } = { headers: {} }] = sts.asked
  expect(Object.keys(headers).sort()).toEqual(['connection', 'host', 'x-slipway-registry'])
})

test('base64 as in URLs, another order and other ways to encode are the same request', async () => {
  const { logIn } = open()
  const password = await make()
  const url = Buffer.from(password, 'base64').toString('base64url')
  const turned = withUrl(password, (text) => {
    const [start, query = ''] = text.split('?')
    const all = [...new URLSearchParams(query.replaceAll('%2B', '%2b'))]
    return `${start}?${all
      .reverse()
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join('&')}`
  })
  expect((await logIn('AWS', turned, ADDRESS)).name).toBe(ROLE)
  expect((await logIn('AWS', url, ADDRESS)).name).toBe(ROLE)
  expect(sts.asked).toHaveLength(1)
  await expect(logIn('AWS', password, '192.0.2.2')).rejects.toThrow(/from another address/)
})

test('another registry name of ours, and STS without a Region in its name', async () => {
  const { logIn } = open()
  await logIn('AWS', await make('user', { registry: 'registry.example:5000' }), ADDRESS)
  const old = await make('user', { region: 'us-east-1' })
  const global = withUrl(old, (url) => url.replace('sts.us-east-1.', 'sts.'))
  // It was signed for the other name, which STS of this stand-in tells apart.
  await expect(logIn('AWS', global, ADDRESS)).rejects.toThrow(/SignatureDoesNotMatch/)
  expect(sts.asked.at(-1)?.headers.host).toBe('sts.amazonaws.com')
})

const replaced = (from: string | RegExp, to: string) => async (): Promise<string> =>
  withUrl(await make(), (url) => {
    const changed = url.replace(from, to)
    expect(changed).not.toBe(url)
    return changed
  })
const STS = 'https://sts.eu-west-1.amazonaws.com'
const asHost = (host: string) => replaced(STS, host)

describe('refused before anything is sent', () => {
  test.each<[what: string, password: () => Promise<string>, message: RegExp]>([
    ['a host that only begins like STS', asHost(`${STS}.evil.example`), /not for STS in/],
    [
      'a host that only ends like STS',
      asHost('https://evilsts.eu-west-1.amazonaws.com'),
      /not for/,
    ],
    ['STS as the user of another host', asHost(`${STS}@evil.example`), /not for STS in/],
    ['STS as user and password', asHost('https://sts:eu-west-1@evil.example'), /not for STS in/],
    ['a port', asHost(`${STS}:8443`), /not for STS in/],
    ['the usual port', asHost(`${STS}:443`), /not for STS in/],
    ['http', asHost('http://sts.eu-west-1.amazonaws.com'), /not for STS in/],
    ['capitals', asHost('https://STS.eu-west-1.amazonaws.com'), /not for STS in/],
    ['a dot at the end', asHost(`${STS}.`), /not for STS in/],
    ['an address', asHost('https://169.254.169.254'), /not for STS in/],
    ['an address in brackets', asHost('https://[::1]'), /not for STS in/],
    ['letters that look alike', asHost('https://ѕts.eu-west-1.amazonaws.com'), /not for STS in/],
    ['a backslash', asHost('https://evil.example\\@sts.eu-west-1.amazonaws.com'), /not for/],
    ['an encoded slash', asHost('https://evil.example%2f.sts.eu-west-1.amazonaws.com'), /not for/],
    ['a Region that is not allowed', () => make('role', { region: 'eu-west-2' }), /not for STS in/],
    [
      'another partition',
      asHost('https://sts.eu-west-1.amazonaws.com.cn'),
      /is for "https:\/\/sts\.eu-west-1\.amazonaws\.com\.cn\/", not for STS in eu-west-1 or/,
    ],
    ['another service', asHost('https://s3.eu-west-1.amazonaws.com'), /not for STS in/],
    ['a path', asHost(`${STS}/x`), /not for STS in/],
    ['a path that comes back', asHost(`${STS}/x/..`), /not for STS in/],
    ['a fragment', replaced(/$/, '#x'), /not for STS in/],
    ['a space', replaced(/$/, ' HTTP/1.1'), /not for STS in/],
    ['a line break', replaced(/$/, '\r\nX-Y: z'), /not for STS in/],
    ['an encoded line break', replaced(/$/, '%0d%0aX-Y:z'), /X-Amz-Signature that is not accepted/],
    [
      'credentials of another Region than the host',
      replaced('sts.eu-west-1', 'sts.us-east-1'),
      /another Region or day/,
    ],
    ['credentials of another service', replaced('/sts/aws4', '/s3/aws4'), /X-Amz-Credential/],
    ['credentials of another day', replaced('/20260601/', '/20260602/'), /another Region or day/],
    [
      'another action',
      replaced('GetCallerIdentity', 'GetSessionToken'),
      /a Action that|has a Action/,
    ],
    ['an action with more', replaced('Identity&', 'Identity%26Action=x&'), /Action that is not/],
    ['another version', replaced('2011-06-15', '2011-06-16'), /Version that is not accepted/],
    ['another algorithm', replaced('HMAC-SHA256', 'ECDSA-P256-SHA256'), /X-Amz-Algorithm/],
    ['one more parameter', replaced(/$/, '&Policy=x'), /has a parameter "Policy"$/],
    ['an empty parameter', replaced(/$/, '&'), /has a parameter ""/],
    ['a parameter without a value', replaced(/$/, '&x'), /has a parameter "x"/],
    ['one of an object', replaced(/$/, '&constructor=x'), /has a parameter "constructor"$/],
    ['a parameter twice', replaced(/$/, '&Action=GetCallerIdentity'), /Action twice/],
    ['a parameter in capitals', replaced('Action=', 'ACTION='), /has a parameter "ACTION"$/],
    ['an encoded name', replaced('Action=', '%41ction='), /has a parameter "%41ction"$/],
    ['what is not percent-encoded', replaced(/$/, '%'), /not percent-encoded/],
    ['no signature', replaced(/&X-Amz-Signature=\w+/, ''), /has no X-Amz-Signature/],
    ['no date', replaced(/&X-Amz-Date=\w+/, ''), /has no X-Amz-Date/],
    ['no end', replaced(/&X-Amz-Expires=\w+/, ''), /has no X-Amz-Expires/],
    ['half of it', replaced(/&X-Amz-Date.*$/s, ''), /has no X-Amz-Date/],
    [
      'a signature in capitals',
      replaced(/Signature=\w+/, `Signature=${'A'.repeat(64)}`),
      /Signature/,
    ],
    ['another header signed', replaced('host;x-slip', 'accept;host;x-slip'), /SignedHeaders/],
    ['our header not signed', replaced('host;x-slipway-registry', 'host'), /SignedHeaders/],
    ['an hour', replaced('Expires=900', 'Expires=3600'), /Expires that is not accepted/],
    ['a second more', replaced('Expires=900', 'Expires=901'), /901 seconds, more than the 900/],
    ['an end before its time', replaced('Expires=900', 'Expires=-1'), /Expires that is not/],
    ['no time at all', replaced('Expires=900', 'Expires=0'), /Expires that is not/],
    ['a month that is none', replaced(/Date=202606/, 'Date=202613'), /another Region or day/],
    [
      'one that has expired',
      () => make('role', { at: NOW - 900_000 }),
      /has expired at 2026-06-01T12/,
    ],
    ['one of a time to come', () => make('role', { at: NOW + 301_000 }), /dated in the future/],
    [
      'one for another registry',
      () => make('role', { registry: 'other.example' }),
      /is for the registry "other.example", not for registry.example or registry.example:5000/,
    ],
    [
      'one more header',
      async () => {
        const { headers, ...rest } = decode(await make())
        return encode({ ...rest, headers: { ...headers, 'x-k8s-aws-id': 'cluster' } })
      },
      /is not what `slipway login-password` prints/,
    ],
    [
      'no header',
      async () => encode({ ...decode(await make()), headers: {} }),
      /is not what `slipway login-password` prints/,
    ],
    [
      'another method',
      async () => encode({ ...decode(await make()), method: 'POST' }),
      /is not what `slipway login-password` prints/,
    ],
    [
      'a body',
      async () => encode({ ...decode(await make()), body: 'Action=GetCallerIdentity' }),
      /is not what `slipway login-password` prints/,
    ],
    ['one that is cut off', async () => (await make()).slice(0, -9), /or not all of it/],
    ["ECR's", async () => encode({ payload: 'x'.repeat(80), version: '2' }), /is not what/],
    ['a huge one', async () => encode('x'.repeat(10_000)), /more than the 10240 allowed/],
  ])('%s', async (_, password, message) => {
    await expect(open().logIn('AWS', await password(), ADDRESS)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(message),
    })
    expect(sts.asked).toEqual([])
  })

  test('another user name', async () => {
    await expect(open().logIn('alice', await make(), ADDRESS)).rejects.toThrow(/user name AWS/)
    expect(sts.asked).toEqual([])
  })
})

describe('refused by STS', () => {
  test.each<[what: string, password: () => Promise<string>, message: RegExp]>([
    [
      'a signature of something else',
      replaced(/Signature=\w+/, `Signature=${'a'.repeat(64)}`),
      /was refused by AWS: SignatureDoesNotMatch$/,
    ],
    ['a longer life than was signed', replaced('Expires=900', 'Expires=899'), /SignatureDoes/],
    ['another session token', replaced('To/k', 'Ta/k'), /was refused by AWS: InvalidToken$/],
    ['no session token', replaced(/&X-Amz-Security-Token=[^&]*/, ''), /InvalidToken/],
    [
      'credentials of somebody else',
      replaced('ASIAROLEROLEROLE', 'AKIAUSERUSERUSER'),
      /InvalidToken|SignatureDoesNotMatch/,
    ],
    ['credentials that are not there', replaced('ASIAROLE', 'ASIANONE'), /InvalidAccessKeyId$/],
    [
      'one that was signed for another name of the registry',
      async () => {
        const request = decode(await make('role', { registry: 'registry.example:5000' }))
        return encode({ ...request, headers: { 'x-slipway-registry': HOST } })
      },
      /SignatureDoesNotMatch/,
    ],
  ])('%s', async (_, password, message) => {
    await expect(open().logIn('AWS', await password(), ADDRESS)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(message),
    })
    expect(sts.asked).toHaveLength(1)
  })
})

test('an account that may not log in is refused, each time', async () => {
  const { logIn } = open()
  const password = await make('stranger')
  for (const _ of [1, 2]) {
    await expect(logIn('AWS', password, ADDRESS)).rejects.toThrow(
      /is of arn:aws:iam::999999999999:role\/ci, who may not log in here/,
    )
  }
})

describe('a log-in is good for one client of a server', () => {
  test('which may send it again until it expires: STS is asked once', async () => {
    const { logIn } = open()
    const password = await make()
    const all = [1, 2, 3].map(() => logIn('AWS', password, ADDRESS))
    expect(new Set((await Promise.all(all)).map(({ name }) => name))).toEqual(new Set([ROLE]))
    now += 899_000
    await logIn('AWS', password, ADDRESS)
    expect(sts.asked).toHaveLength(1)
    now += 1000
    await expect(logIn('AWS', password, ADDRESS)).rejects.toThrow(/has expired/)
  })

  test('and not for others, also while STS is asked', async () => {
    const { logIn } = open()
    const password = await make()
    const mine = logIn('AWS', password, ADDRESS)
    await expect(logIn('AWS', password, '192.0.2.2')).rejects.toThrow(
      /was used before, from another address/,
    )
    await mine
    await expect(logIn('AWS', password, '2001:db8::1')).rejects.toThrow(/from another address/)
  })

  test('what STS did not take is nobody’s', async () => {
    const { logIn } = open()
    const password = await make()
    sts.instead = (_, response) => void response.writeHead(500).end()
    await expect(logIn('AWS', password, ADDRESS)).rejects.toThrow(/response was 500/)
    sts.instead = undefined
    expect((await logIn('AWS', password, '192.0.2.2')).name).toBe(ROLE)
  })
})

describe('STS that does not say who it is', () => {
  const says =
    (body: string, status = 200): RequestListener =>
    (_, response) =>
      void response.writeHead(status).end(body)
  test.each<[what: string, instead: RequestListener, message: RegExp]>([
    ['leads elsewhere', (_, r) => void r.writeHead(302, { location: sts.endpoint }).end(), /302/],
    [
      'fails',
      says('', 500),
      /response was 500\. A registry that takes AWS log-ins needs a way to sts/,
    ],
    ['has too much to do', says('<Code>Throttling</Code>', 400), /400 Throttling/],
    ['is asked too often', says('', 429), /429/],
    ['says nothing', says(''), /cannot be used/],
    ['says something in HTML', says('<html>'), /cannot be used/],
    ['never ends', says('x'.repeat(20_000)), /more than 16384 bytes/],
    ['hangs up', (request) => void request.socket.destroy(), /socket hang up/],
    ['says JSON', says('{"GetCallerIdentityResponse":{}}'), /cannot be used/],
    ['says more after it', says(`${callerXml(ROLE)}<x/>`), /cannot be used/],
    ['names another account', says(callerXml(ROLE, '999999999999')), /cannot be used/],
    [
      'names two',
      says(callerXml(ROLE).replace('<UserId>', `<Arn>${ROLE}</Arn><UserId>`)),
      /cannot/,
    ],
    ['names another partition', says(callerXml('arn:aws-cn:iam::123456789012:root')), /cannot/],
    ['names a bucket', says(callerXml('arn:aws:s3::123456789012:x')), /cannot be used/],
    ['names a group', says(callerXml('arn:aws:iam::123456789012:group/x')), /cannot be used/],
    ['escapes', says(callerXml('arn:aws:iam::123456789012:user/&lt;')), /cannot be used/],
  ])('%s', async (_, instead, message) => {
    sts.instead = instead
    await expect(open().logIn('AWS', await make(), ADDRESS)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(message),
    })
    expect(sts.asked).toHaveLength(1)
  })

  test('is away', async () => {
    const gone = await startSts([], () => now)
    await gone.close()
    await expect(open(gone.endpoint).logIn('AWS', await make(), ADDRESS)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/ECONNREFUSED.*needs a way to sts\.eu-west-1\.amazonaws\.com/),
    })
  })

  test('takes its time: others are told to come again', async () => {
    const { logIn } = open()
    const held = Promise.withResolvers<void>()
    sts.instead = (_, response) => void held.promise.then(() => response.writeHead(500).end())
    const all = Array.from({ length: 33 }, async (_, second) =>
      logIn('AWS', await make('user', { at: NOW - second * 1000 }), ADDRESS),
    )
    const failures = all.map((each) => each.catch((error: unknown) => error))
    await expect(Promise.race(all)).rejects.toMatchObject({
      code: 'TOOMANYREQUESTS',
      retryAfter: 1,
    })
    held.resolve()
    await Promise.all(failures)
  })
})
