/**
 * Log-ins with AWS credentials at the registry: tokens, the policy, uploads, and what ends when settings change.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { awsPassword } from '../../functions/credentials/aws.ts'
import { POLICY_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { type StsServer, startSts } from '../emulators/sts/server.ts'
import { blob } from '../support/hosts/content.ts'
import { type AccessRig, basic, bearer, claimsOf, jsonOf, openRig, policyText } from './rig.ts'

const CI = {
  accessKeyId: 'ASIAROLEROLEROLE',
  secretAccessKey: 'role secret',
  sessionToken: 'token/of=a+session',
  arn: 'arn:aws:sts::123456789012:assumed-role/ci/job',
}
const ALICE = {
  accessKeyId: 'AKIAUSERUSERUSER',
  secretAccessKey: 'user secret',
  arn: 'arn:aws:iam::210987654321:user/alice',
}
const ROLE = 'arn:aws:iam::123456789012:role/ci'
const RULES = [
  { who: [`aws:${ROLE}`], repositories: ['app/**'], actions: ['pull', 'push'] },
  { who: ['aws:210987654321'], repositories: ['other/**'], actions: ['pull', 'push'] },
  { who: ['authenticated'], repositories: ['open/**'], actions: ['pull'] },
]
const SCOPE = 'repository:app/a:pull,push'

let sts: StsServer
let rigNow = () => 0
beforeAll(async () => {
  sts = await startSts([CI, ALICE], () => rigNow())
})
afterAll(() => sts.close())

const ACCOUNTS = '--aws-accounts=123456789012,210987654321'
const args = (...more: readonly string[]): readonly string[] => [
  '--aws-regions=eu-west-1',
  '--aws-audience=registry.example',
  `--aws-sts-endpoint=${sts.endpoint}`,
  ...more,
]

const open = async (...more: readonly string[]): Promise<AccessRig> => {
  const rig = await openRig({ onTestFinished }, { policy: RULES, args: args(...more) })
  rigNow = rig.clock.now
  return rig
}

const passwordOf = (rig: AccessRig, credentials: typeof CI | typeof ALICE = CI): Promise<string> =>
  awsPassword({
    registry: 'registry.example',
    region: 'eu-west-1',
    now: rig.clock.now(),
    credentials: async () => credentials,
  })

const ask = async (rig: Pick<AccessRig, 'send'>, password: string, scope = SCOPE, name = 'AWS') =>
  rig.send(`GET /token?service=slipway&offline_token=true&scope=${encodeURIComponent(scope)}`, {
    as: basic(name, password),
  })

const push = (rig: Pick<AccessRig, 'send'>, as: string, name = 'app/a') =>
  rig.send(`POST /v2/${name}/blobs/uploads/`, { as })

test('a token is issued for the role, for five minutes and without another after it', async () => {
  const rig = await open(ACCOUNTS)
  const answer = await ask(rig, await passwordOf(rig))
  expect(answer.status, answer.body.toString()).toBe(200)
  const response = jsonOf(answer)
  expect(response).toMatchObject({ scope: SCOPE, expires_in: 300 })
  expect(response).not.toHaveProperty('refresh_token')
  expect(claimsOf(response.token)).toMatchObject({ sub: ROLE, kind: 'aws', iss: 'slipway' })
  const as = bearer(response.token)
  expect((await push(rig, as)).status).toBe(202)
  expect((await push(rig, as, 'other/a')).status).toBe(401)
  rig.clock.pass(400_000)
  expect((await push(rig, as)).status).toBe(401)
})

test('log in, then push with the same password, as docker does', async () => {
  const rig = await open(ACCOUNTS)
  const password = await passwordOf(rig)
  expect((await ask(rig, password, '')).status).toBe(200)
  sts.asked.length = 0
  const form = new URLSearchParams({
    ...{ grant_type: 'password', username: 'AWS', password, service: 'slipway', scope: SCOPE },
  })
  const answer = await rig.send('POST /token', {
    body: Buffer.from(form.toString()),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  })
  expect(jsonOf(answer).scope).toBe(SCOPE)
  expect(sts.asked).toEqual([])
})

test.each<[who: typeof CI | typeof ALICE, scope: string, granted: string]>([
  [CI, 'repository:app/a:pull,push,delete', 'repository:app/a:pull,push'],
  [CI, 'repository:other/a:pull', ''],
  [ALICE, 'repository:other/a:pull,push', 'repository:other/a:pull,push'],
  [ALICE, 'repository:open/a:pull,push', 'repository:open/a:pull'],
])('%o asks for %s', async (who, scope, granted) => {
  const rig = await open(ACCOUNTS)
  expect(jsonOf(await ask(rig, await passwordOf(rig, who), scope)).scope).toBe(granted)
})

test('who may not log in is told why', async () => {
  const rig = await open('--aws-accounts=123456789012')
  const refused = await ask(rig, await passwordOf(rig, ALICE))
  expect(refused.status).toBe(401)
  expect(jsonOf(refused).errors[0].message).toMatch(
    /is of arn:aws:iam::210987654321:user\/alice, who may not/,
  )
  expect(refused.headers.get('WWW-Authenticate')).toBe('Basic realm="slipway"')
  const named = await ask(rig, await passwordOf(rig), SCOPE, 'alice')
  expect(jsonOf(named).errors[0].message).toMatch(/for the user name AWS/)
  const { send } = await rig.beside([])
  const off = await ask({ send }, await passwordOf(rig))
  expect([off.status, jsonOf(off).errors[0].message]).toEqual([
    401,
    'AWS log-ins are off here: see --aws-regions',
  ])
})

test('STS that is away is 503 and says so', async () => {
  const rig = await open(ACCOUNTS)
  sts.instead = (request) => void request.socket.destroy()
  onTestFinished(() => {
    sts.instead = undefined
  })
  const answer = await ask(rig, await passwordOf(rig))
  expect(answer.status).toBe(503)
  expect(jsonOf(answer).errors[0].message).toMatch(/needs a way to sts\.eu-west-1\.amazonaws\.com$/)
})

describe('what is revoked ends', () => {
  test('the rule that names it: tokens and uploads', async () => {
    const rig = await open(ACCOUNTS)
    const as = bearer(jsonOf(await ask(rig, await passwordOf(rig))).token)
    const begun = await push(rig, as)
    const location = begun.headers.get('Location')
    expect((await rig.send(`GET ${location}`)).status).toBe(204)
    await write(rig.store, POLICY_KEY, policyText(RULES.slice(1)))
    rig.clock.pass(30_000)
    expect((await push(rig, as)).status).toBe(401)
    const { bytes } = blob('late', 10)
    expect((await rig.send(`PATCH ${location}`, { body: bytes })).status).toBe(401)
  })

  test.each<[what: string, args: () => readonly string[], status: number]>([
    ['its account stays', () => args(ACCOUNTS), 202],
    ['its account', () => args('--aws-accounts=210987654321'), 401],
    ['it stays', () => args('--aws-accounts=arn:aws:iam::123456789012:role/c*'), 202],
    ['it itself', () => args('--aws-accounts=arn:aws:iam::123456789012:role/other'), 401],
    ['all AWS log-ins', () => [], 401],
  ])('%s, with the settings of a server', async (_, others, status) => {
    const rig = await open(ACCOUNTS)
    const as = bearer(jsonOf(await ask(rig, await passwordOf(rig))).token)
    const location = (await push(rig, as)).headers.get('Location')
    const beside = await rig.beside(others())
    expect((await push(beside, as)).status).toBe(status)
    expect((await beside.send(`GET ${location}`)).status).toBe(status === 202 ? 204 : 401)
  })
})

test('--aws-allow lets in where no rule says otherwise', async () => {
  const rig = await open(ACCOUNTS, '--aws-allow=210987654321,arn:aws:iam::123456789012:role/c*')
  const denied = { who: ['aws:210987654321'], repositories: ['app/*'], actions: ['push'] }
  await write(rig.store, POLICY_KEY, policyText([{ ...denied, effect: 'deny' }]))
  const scope = 'repository:app/a:pull,push,delete'
  const granted = async (who: typeof CI | typeof ALICE) =>
    jsonOf(await ask(rig, await passwordOf(rig, who), scope)).scope
  expect(await granted(CI)).toBe('repository:app/a:pull,push')
  expect(await granted(ALICE)).toBe('repository:app/a:pull')
})

test('without a token endpoint it is the password of each request, from one address', async () => {
  const rig = await open(ACCOUNTS, '--auth=basic')
  const as = basic('AWS', await passwordOf(rig))
  sts.asked.length = 0
  const begun = await push(rig, as)
  expect(begun.status).toBe(202)
  expect((await push(rig, as, 'other/a')).status).toBe(403)
  expect((await rig.send(`GET ${begun.headers.get('Location')}`)).status).toBe(204)
  expect(sts.asked).toHaveLength(1)
  const elsewhere = { as, address: '198.51.100.7' }
  const replayed = await rig.send('POST /v2/app/a/blobs/uploads/', elsewhere)
  expect(replayed.status).toBe(401)
  rig.clock.pass(900_000)
  expect((await push(rig, as)).status).toBe(401)
})

test('the audit trail names the role, and never the password', async () => {
  const rig = await open(ACCOUNTS)
  const password = await passwordOf(rig)
  await ask(rig, password)
  expect(rig.events()).toMatchObject([
    { event: 'login', what: 'aws', who: `aws:${ROLE}`, outcome: 'ok' },
    { event: 'grant', who: `aws:${ROLE}`, what: SCOPE, outcome: 'ok' },
  ])
  await ask(rig, password.slice(0, -9))
  expect(rig.events().at(-1)).toMatchObject({ event: 'login', what: 'aws', outcome: 'failed' })
  const log = JSON.stringify(rig.logged)
  expect(log).not.toContain(password.slice(0, 80))
  expect(log).not.toContain('token/of')
})
