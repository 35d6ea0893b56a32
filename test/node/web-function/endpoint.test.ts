/**
 * Where a Web Function listens.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { parseEndpoint } from '../../../functions/node/web-function/endpoint.ts'

const RIGHT: readonly (readonly [string, string, number])[] = [
  ['127.0.0.1:8080', '127.0.0.1', 8080],
  ['0.0.0.0:3000', '0.0.0.0', 3000],
  ['localhost:8080', 'localhost', 8080],
  ['[::1]:8080', '::1', 8080],
  ['http://127.0.0.1:8080', '127.0.0.1', 8080],
  ['http://127.0.0.1:8080/', '127.0.0.1', 8080],
  ['HTTP://[::]:8080', '::', 8080],
  ['http://runtime.internal', 'runtime.internal', 80],
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['127.0.0.1:0', '127.0.0.1', 0],
]
for (const [value, host, port] of RIGHT) {
  test(`${value} is an endpoint`, () => expect(parseEndpoint(value)).toEqual({ host, port }))
}

const WRONG = [
  ...[undefined, '', ' ', ':8080', 'http://', 'https://127.0.0.1:8443', '127.0.0.1:99999'],
  ...['unix:///tmp/socket', '127.0.0.1:8080/path', 'http://a:b@127.0.0.1:80', '127.0.0.1:80?a'],
]
for (const value of WRONG) {
  test(`${JSON.stringify(value)} is none`, () => {
    const given = value === undefined ? 'not set' : JSON.stringify(value)
    expect(() => parseEndpoint(value)).toThrow(
      `AWS_LAMBDA_HTTP_ENDPOINT is ${given}: expected <host>:<port> or http://<host>:<port>, as Lambda sets it for a Web Function`,
    )
  })
}
