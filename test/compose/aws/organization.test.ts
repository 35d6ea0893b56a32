/**
 * The accounts of an organization: page by page, once an hour, and with the credentials of the registry.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { organizationAccounts } from '../../../functions/compose/aws/organization.ts'

const PAGES = {
  '': {
    Accounts: [
      { Id: '111111111111', Status: 'ACTIVE' },
      { Id: '222222222222', Status: 'SUSPENDED' },
    ],
    NextToken: 'more',
  },
  more: {
    Accounts: [
      { Id: '333333333333', State: 'ACTIVE', Status: 'ACTIVE' },
      { Id: '444444444444', State: 'CLOSED', Status: 'ACTIVE' },
    ],
    NextToken: null,
  },
}

const open = (region = 'eu-west-1') => {
  const asked: { url: string; headers: Headers; body: Record<string, unknown> }[] = []
  const state = { now: 0, status: 200 }
  const send: typeof fetch = async (url, init) => {
    const body = JSON.parse(String(init?.body))
    asked.push({ url: String(url), headers: new Headers(init?.headers), body })
    if (state.status !== 200) return new Response('AccessDeniedException', { status: state.status })
    return Response.json(PAGES[(body.NextToken ?? '') as keyof typeof PAGES])
  }
  const accounts = organizationAccounts({
    ...{ region, now: () => state.now, send },
    credentials: async () => ({ accessKeyId: 'AKID', secretAccessKey: 'secret' }),
  })
  return { accounts, asked, state }
}

test.each([
  ['111111111111', true],
  ['222222222222', false],
  ['333333333333', true],
  ['444444444444', false],
  ['555555555555', false],
])('%s: %s', async (account, is) => {
  expect(await open().accounts.has(account)).toBe(is)
})

test('they are listed once an hour, with a signature', async () => {
  const { accounts, asked, state } = open()
  await Promise.all([accounts.has('111111111111'), accounts.has('333333333333')])
  expect(asked.map(({ body }) => body.NextToken)).toEqual([undefined, 'more'])
  expect(asked[0]?.url).toBe('https://organizations.us-east-1.amazonaws.com/')
  expect(asked[0]?.headers.get('x-amz-target')).toBe('AWSOrganizationsV20161128.ListAccounts')
  expect(asked[0]?.headers.get('authorization')).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKID\/19700101\/us-east-1\/organizations\/aws4_request, /,
  )
  state.now = 3_599_999
  await accounts.has('111111111111')
  expect(asked).toHaveLength(2)
  state.now = 3_600_000
  await accounts.has('111111111111')
  expect(asked).toHaveLength(4)
})

test('while they cannot be listed, the last list serves; without one, it is said', async () => {
  const { accounts, state } = open()
  await accounts.has('111111111111')
  state.now = 7_200_000
  state.status = 400
  expect(await accounts.has('111111111111')).toBe(true)
  const never = open('cn-north-1')
  never.state.status = 400
  await expect(never.accounts.has('111111111111')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/see --aws-accounts$/),
  })
  expect(never.asked[0]?.url).toBe('https://organizations.cn-northwest-1.amazonaws.com.cn/')
})
