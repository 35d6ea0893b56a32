/**
 * Who logs in to a NATS server. The server itself: test/interop/events-nats.suite.ts.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { logInOf } from '../../functions/events/nats.ts'
import { receiverOf } from './receiver.ts'

const CREDENTIALS = `-----BEGIN NATS USER JWT-----
x
------END NATS USER JWT------
`

test.each<[string, string | undefined, object]>([
  ['nobody', undefined, {}],
  ['a token', 'abc', { token: 'abc' }],
  ['user and password', 'u:p:q', { user: 'u', pass: 'p:q' }],
  ['an nkey', `SU${'A'.repeat(56)}`, { authenticator: expect.any(Function) }],
  ['a file of credentials', CREDENTIALS, { authenticator: expect.any(Function) }],
])('%s', (_, secret, expected) => expect(logInOf(secret)).toEqual(expected))

test('subjects begin with slipway, unless it is said', () => {
  const url = 'nats://a.example'
  expect(receiverOf({ url }).subject).toBe('slipway')
  expect(receiverOf({ url, subject: 'a.b' }).subject).toBe('a.b')
})
