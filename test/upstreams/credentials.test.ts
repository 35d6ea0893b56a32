/** Credentials of upstreams, in each form. @module */

import { expect, test } from 'vitest'
import { readCredentials } from '../../functions/upstreams/credentials.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const docker = (key: string) => JSON.stringify({ auths: { [key]: { auth: base64('u:p:q') } } })

test.each<[what: string, secret: string, host: string]>([
  ['a pair', 'u:p:q', 'a.example'],
  ['a password', '{"username":"u","password":"p:q"}', 'a.example'],
  ['a token', '{"username":"u","accessToken":"p:q"}', 'a.example'],
  ['a host of docker', docker('a.example:5000'), 'a.example:5000'],
  ['a URL of docker', docker('https://a.example/v2/'), 'a.example'],
  ["docker's hub", docker('https://index.docker.io/v1/'), 'docker.io'],
])('%s', (_, secret, host) => {
  expect(readCredentials(secret, host, 'env:X')).toEqual({ name: 'u', password: 'p:q' })
})

test.each<[what: string, secret: string]>([
  ['no pair', 'hunter2'],
  ['no user', ':hunter2'],
  ['a line break', 'u:hunter2\r\nX: y'],
  ['no JSON', '{hunter2'],
  ['no password', '{"username":"hunter2"}'],
  ['another host', docker('b.example').replace(base64('u:p:q'), base64('u:hunter2'))],
  ['nothing of docker', '{"auths":{}}'],
])('%s is refused, and not repeated', (_, secret) => {
  const read = () => readCredentials(secret, 'a.example', 'env:X')
  expect(read).toThrow(/^the secret env:X has no credentials for a.example: expected <user>/)
  expect(read).not.toThrow(/hunter2/)
})
