/**
 * What registries, token servers and docker's files say and should not: one line of ours, never a stack.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { openRemote } from '../../functions/cli/ways/copies-at-registry.ts'
import { TransferError } from '../../functions/transfer/errors.ts'
import { authorizing } from '../../functions/transfer/registry/authorize.ts'
import { credentialsFor } from '../../functions/transfer/registry/docker-config.ts'
import { openConnections } from '../../functions/transfer/registry/exchange.ts'
import { refused } from '../../functions/transfer/registry/failure.ts'
import type { Outgoing, Reply } from '../../functions/transfer/registry/http.ts'
import { targetAt } from '../../functions/transfer/registry/target.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

const ORIGIN = 'https://registry.example'
const REALM = 'https://tokens.example/token'

const reply = (status: number, body: string | Uint8Array, headers = {}): Reply => ({
  status,
  headers,
  body: Buffer.from(body),
})

/** Whatever it throws: one line, for the person who asked. */
const lineOf = async (failing: Promise<unknown>): Promise<string> => {
  const error = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(TransferError)
  const { message } = error as Error
  expect(message).not.toMatch(/\n|undefined|\[object|Unexpected|Cannot read/)
  return message
}

describe('a token endpoint', () => {
  const tokenOf = (answer: Reply, challenge = `Bearer realm="${REALM}",service="x"`) =>
    authorizing(
      {
        send: async ({ url }) =>
          url.startsWith(`${ORIGIN}/v2/`)
            ? reply(401, '', { 'www-authenticate': challenge })
            : answer,
      },
      ORIGIN,
      undefined,
      'repository:a:pull',
    ).authorization()

  const NOT_JSON = `${ORIGIN} gives no token for repository:a:pull: 200 from ${REALM}, which is not JSON`
  const NO_TOKEN = `${ORIGIN} gives no token for repository:a:pull: 200 from ${REALM}, without a token`
  test.each([
    ['a page', '<html>Sign in</html>', NOT_JSON],
    ['nothing', '', NOT_JSON],
    ['cut JSON', '{"token":"a', NOT_JSON],
    ['bytes', new Uint8Array([0xff, 0xfe, 0]), NOT_JSON],
    ['null', 'null', NO_TOKEN],
    ['a list', '["a"]', NO_TOKEN],
    ['text', '"token"', NO_TOKEN],
    ['a number for a token', '{"token":5}', NO_TOKEN],
    ['no token', '{}', NO_TOKEN],
    ['an empty one', '{"token":""}', NO_TOKEN],
    ['one of two lines', '{"token":"a\\nb"}', NO_TOKEN],
  ])('that answers 200 with %s', async (_, body, message) => {
    expect(await lineOf(tokenOf(reply(200, body)))).toBe(message)
  })

  test('that refuses', async () => {
    expect(await lineOf(tokenOf(reply(403, '<html>')))).toBe(
      `${ORIGIN} gives no token for repository:a:pull: 403 from ${REALM}`,
    )
  })

  test.each([
    ['null beside one', '{"token":null,"access_token":"abc"}'],
    ['a life that is no number', '{"token":"abc","expires_in":"soon"}'],
    ['an odd time', '{"token":"abc","expires_in":-5,"issued_at":7}'],
  ])('that answers with a token and %s', async (_, body) => {
    expect(await tokenOf(reply(200, body))).toBe('Bearer abc')
  })

  test.each([
    ['', 'Bearer service="x"'],
    ['/token', 'Bearer realm="/token"'],
    ['ftp://tokens.example', 'Bearer realm="ftp://tokens.example"'],
    ['http://', 'Bearer realm="http://"'],
  ])('at %j', async (realm, challenge) => {
    expect(await lineOf(tokenOf(reply(200, '{"token":"abc"}'), challenge))).toBe(
      `${ORIGIN} asks for a token of ${JSON.stringify(realm)}, which is not an HTTP address`,
    )
  })
})

describe('a registry', () => {
  const target = targetAt(
    { send: async () => reply(200, ''), open: async () => ({}) as never, close: () => {} },
    ORIGIN,
    'a',
    { send: async () => reply(307, '', { location: 'http://[' }) },
  )

  test.each(['http://[', 'ftp://elsewhere.example/x', 'file:///etc/passwd', 'https://:99999/'])(
    'that sends to %j',
    async (location) => {
      expect(await lineOf(Promise.resolve().then(() => target.resolve(location)))).toBe(
        `${ORIGIN} leads to ${JSON.stringify(location)}, which is not an HTTP address`,
      )
    },
  )

  test('whose upload states are in the address: they are not shown', async () => {
    const location = 'ftp://elsewhere.example/x?_state=secret'
    expect(await lineOf(Promise.resolve().then(() => target.resolve(location)))).not.toContain(
      'secret',
    )
  })

  test('that redirects a HEAD to nowhere', async () => {
    await lineOf(target.has(`sha256:${'0'.repeat(64)}`))
  })

  test('that is at no HTTP address', async () => {
    const { exchange, close } = openConnections()
    await lineOf(exchange({ method: 'GET', url: 'ftp://elsewhere.example/' }))
    close()
  })

  test.each([
    ['a page', '<html>\n<b>No</b>\n</html>', '500 <html> <b>No</b> </html>'],
    ['nothing', '', '500'],
    ['no list', '{"errors":null}', '500 {"errors":null}'],
    ['an empty list', '{"errors":[]}', '500 {"errors":[]}'],
    ['an error without words', '{"errors":[{}]}', '500 {"errors":[{}]}'],
    ['a code', '{"errors":[{"code":"DENIED"}]}', '500 DENIED'],
    ['both', '{"errors":[{"code":"DENIED","message":"no\\nway"}]}', '500 DENIED: no way'],
  ])('that refuses with %s', (_, body, words) => {
    expect(refused('it failed', reply(500, body)).message).toBe(`it failed: ${words}`)
  })
})

describe("docker's config.json", async () => {
  const { path, remove } = await temporaryDirectory()
  afterAll(remove)
  const find = (content: string) => {
    writeFileSync(join(path, 'config.json'), content)
    return credentialsFor('registry.example', { DOCKER_CONFIG: path })
  }
  const file = join(path, 'config.json')

  test.each([
    ['cut', '{"auths":', `${file} is not JSON`],
    ['empty', '', `${file} is not JSON`],
    ['null', 'null', `${file} is not a configuration of docker`],
    ['a list', '[]', `${file} is not a configuration of docker`],
    ['auths that are text', '{"auths":"x"}', `${file} is not a configuration of docker`],
    ['helpers that are a list', '{"credHelpers":[1]}', `${file} is not a configuration of docker`],
    ['a store that is a number', '{"credsStore":5}', `${file} is not a configuration of docker`],
    [
      'a password that is a number',
      '{"auths":{"registry.example":{"auth":5}}}',
      `${file} is not a configuration of docker`,
    ],
    [
      'no name in it',
      `{"auths":{"registry.example":{"auth":"${Buffer.from('secret').toString('base64')}"}}}`,
      `${file} has no name and password for registry.example: run docker login registry.example`,
    ],
  ])('with %s', async (_, content, message) => {
    const line = await lineOf(find(content))
    expect(line).toBe(message)
  })

  test.each([
    ['nothing', '{}'],
    ['null for auths', '{"auths":null,"credHelpers":null}'],
    ['an entry of another host', '{"auths":{"other.example":{"auth":5}}}'],
    ['an entry without a password', '{"auths":{"registry.example":{}}}'],
    ['what newer versions add', '{"auths":{},"features":{"x":[1]}}'],
  ])('with %s has no credentials', async (_, content) => {
    expect(await find(content)).toBeUndefined()
  })
})

test.each([
  ['https://registry.example:443', 'registry.example:443'],
  ['https://Registry.example', 'Registry.example'],
  ['http://registry.example:5000', 'registry.example:5000'],
])('%s has the credentials that docker has for %s', async (origin, host) => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const auth = Buffer.from('alice:secret').toString('base64')
  writeFileSync(join(path, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }))
  const shown: unknown[] = []
  const send = async ({ headers }: Outgoing) => {
    shown.push(headers?.Authorization)
    return shown.length > 1
      ? reply(200, '{"tags":[]}')
      : reply(401, '', { 'www-authenticate': 'Basic realm="x"' })
  }
  const http = { send, open: async () => ({}) as never, close: () => {} }
  await (await openRemote({ env: { DOCKER_CONFIG: path } }, http, origin)).origin('app').tags()
  expect(shown).toEqual([undefined, `Basic ${auth}`])
})
