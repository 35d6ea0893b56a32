/**
 * Tokens, cookies and names of the first API.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { nameHere } from '../../functions/v1/names.ts'
import {
  createTokens,
  formatCookie,
  formatToken,
  type Grant,
  parseCookie,
  parseToken,
  TOKEN_LIFE,
} from '../../functions/v1/token.ts'

const GRANT: Grant = { name: 'a/b', actions: ['pull', 'push'], who: 'user:x', holder: '{}' }

const open = () => {
  let now = 1_000_000_000_000
  const tokens = createTokens(
    async () => Buffer.alloc(32, 1),
    () => now,
  )
  const later = (seconds: number): void => {
    now += seconds * 1000
  }
  return { tokens, later }
}

describe('a token', () => {
  test('says what it grants, for an hour, and then nothing', async () => {
    const { tokens, later } = open()
    const token = await tokens.issue(GRANT)
    expect(await tokens.open(token)).toEqual({ ...GRANT, ageing: false })
    later(TOKEN_LIFE / 2 + 1)
    expect(await tokens.open(token)).toEqual({ ...GRANT, ageing: true })
    later(TOKEN_LIFE / 2)
    expect(await tokens.open(token)).toBeUndefined()
  })

  test('of somebody who could not be noted is good for minutes, and not renewed', async () => {
    const { tokens, later } = open()
    const token = await tokens.issue({ ...GRANT, holder: undefined })
    expect((await tokens.open(token))?.ageing).toBe(false)
    later(301)
    expect(await tokens.open(token)).toBeUndefined()
  })

  test('of another secret, or changed, is none', async () => {
    const { tokens } = open()
    const token = await tokens.issue(GRANT)
    const others = createTokens(async () => Buffer.alloc(32, 2), Date.now)
    expect(await others.open(token)).toBeUndefined()
    for (const at of [0, 30, token.length - 1]) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      expect(await tokens.open(changed)).toBeUndefined()
    }
    expect(await tokens.open('')).toBeUndefined()
  })
})

test.each([
  ['Token signature=a.b-c_d,repository="a/b",access=write', 'a.b-c_d'],
  ['Token Token signature=abc,repository="a/b",access=write', 'abc'],
  ['token signature="abc"', 'abc'],
  ['Token repository="a/b",signature=abc,access=read', 'abc'],
  ['Token abc', undefined],
  ['Basic dG9rZW4=', undefined],
  ['Bearer signature=abc', undefined],
  [undefined, undefined],
])('in the header %s is the signature %s', (header, signature) => {
  expect(parseToken(header)).toBe(signature)
})

test('a header that was sent is read, doubled or not', () => {
  expect(parseToken(formatToken('x.y', GRANT))).toBe('x.y')
  expect(parseToken(`Token ${formatToken('x.y', { ...GRANT, actions: ['pull'] })}`)).toBe('x.y')
})

test('cookies', () => {
  const cookie = formatCookie('abc', true)
  expect(cookie).toBe('slipway-v1=abc; Path=/v1/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure')
  expect(formatCookie('abc', false)).not.toMatch('Secure')
  expect(formatCookie('a'.repeat(4000), true)).toBeUndefined()
  expect(parseCookie('a=b; slipway-v1=abc; c=d')).toBe('abc')
  expect([parseCookie('xslipway-v1=abc'), parseCookie(undefined)]).toEqual([undefined, undefined])
})

test.each([
  ['alpine', 'library/alpine'],
  ['library/alpine', 'library/alpine'],
  ['team/img', 'team/img'],
  ['a/b/c', undefined],
  ['', undefined],
  ['/', undefined],
  ['Team/img', undefined],
  ['..', undefined],
])('the name %j is %j here', (path, name) => {
  expect(nameHere(path)).toBe(name)
})
