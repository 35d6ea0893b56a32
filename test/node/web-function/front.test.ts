/**
 * What a Web Function believes of a request.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { endpointInFront } from '../../../functions/node/web-function/front.ts'

const HOST = 'abc.x.lambda-web.eu-central-1.on.aws'
const requestWith = (headers: Record<string, string>): IncomingMessage =>
  ({
    headers: { host: HOST, ...headers },
    socket: { remoteAddress: '::ffff:169.254.0.1' },
  }) as never

const ROWS: readonly (readonly [string, Record<string, string>, string, string])[] = [
  ['the endpoint', { 'x-forwarded-for': '203.0.113.24' }, `https://${HOST}`, '203.0.113.24'],
  [
    'the last address, whatever comes before it',
    { 'x-forwarded-for': '198.51.100.1, unknown,  2001:db8::7' },
    `https://${HOST}`,
    '2001:db8::7',
  ],
  [
    'an address with a port',
    { 'x-forwarded-for': '198.51.100.1, 203.0.113.24:4711' },
    `https://${HOST}`,
    '203.0.113.24',
  ],
  [
    'no other name than Host, and no other scheme',
    {
      'x-forwarded-for': '203.0.113.24',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-port': '8080',
      'x-forwarded-proto': 'http',
      forwarded: 'for=192.0.2.1;host=evil.example;proto=http',
    },
    `https://${HOST}`,
    '203.0.113.24',
  ],
  ['nobody, and then the connection', {}, `https://${HOST}`, '169.254.0.1'],
  [
    'what is no address, and then the connection',
    { 'x-forwarded-for': '203.0.113.24, unknown' },
    `https://${HOST}`,
    '169.254.0.1',
  ],
  [
    'a Host that would leave the quotes of a header',
    { 'x-forwarded-for': '203.0.113.24', host: 'a"b' },
    'https://localhost',
    '203.0.113.24',
  ],
]
for (const [name, headers, origin, address] of ROWS) {
  test(`it believes ${name}`, () =>
    expect(endpointInFront.originOf(requestWith(headers))).toEqual({ origin, address }))
}

test("the request's id is the endpoint's", () => {
  const incoming = requestWith({ 'x-request-id': 'mine', 'lambda-web-request-id': 'theirs' })
  expect(endpointInFront.requestId?.(incoming)).toBe('theirs')
})
