/**
 * What stands in the way of commands from afar, and how that is said.
 *
 * @module
 */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, type TestContext, test } from 'vitest'
import { editDocument, readDocument } from '../../../functions/auth/document.ts'
import { UsageError } from '../../../functions/cli/errors.ts'
import type { Io } from '../../../functions/cli/io.ts'
import { runCommand } from '../../../functions/cli/main.ts'
import { openAdminApi } from '../../../functions/cli/remote/admin-api.ts'
import { documentsOf } from '../../../functions/cli/remote/document-store.ts'
import { inStore } from '../../../functions/cli/ways/usage-in-store.ts'
import { GROUPS_KEY } from '../../../functions/registry/layout.ts'
import { fill } from '../../access/rig.ts'
import { openFiles } from '../../support/rig/stores.ts'
import { openDesk } from '../desk.ts'
import { recordingIo } from '../recording-io.ts'
import { dockerConfig, serveFor } from './sides.ts'

/** Something else on loopback, and a desk that takes it for a registry. */
const standIn = async (t: TestContext, listener: RequestListener) => {
  const server = createServer(listener)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = { DOCKER_CONFIG: await dockerConfig(t, url, 'root'), SLIPWAY_REGISTRY: url }
  return { url, desk: await openDesk(t, openFiles, env) }
}

describe('the registry', () => {
  it('refuses those who may not, in its own words', async (t) => {
    const { desk, url } = await serveFor(t)
    await expect((await desk('dev')).give('policy show')).rejects.toThrow(
      `${url}: 401 UNAUTHORIZED: the token is not enough to administer the registry`,
    )
    const basic = await serveFor(t, ['--auth=basic'])
    await expect((await basic.desk('dev')).give('policy show')).rejects.toThrow(
      `${basic.url}: 403 DENIED: dev may not administer the registry`,
    )
    expect(await (await basic.desk()).give('policy show')).toHaveLength(1)
  })

  it('refuses a wrong password', async (t) => {
    const { desk, url } = await serveFor(t)
    await expect((await desk('nobody')).give('changes')).rejects.toThrow(
      `${url} gives no token for registry:admin:*: 401 from ${url}/token: UNAUTHORIZED: `,
    )
  })

  it('gives no more than what the caller administers, or may delete', async (t) => {
    const { desk, store } = await serveFor(t)
    await fill(store, ['app', 'team/a'])
    const [lead, dev] = [await desk('lead'), await desk('dev')]
    await expect(lead.give('user list')).rejects.toThrow('401 UNAUTHORIZED')
    await expect(lead.give('delete team/a --confirmed')).rejects.toThrow('401 UNAUTHORIZED')
    await lead.give('deleted')
    expect(lead.said).toEqual(['No delete of a whole repository is on record.'])
    const none = 'delete mine/none --confirmed'
    await expect(dev.give(none)).rejects.toThrow('404 NAME_UNKNOWN: ')
    expect(await lead.give('usage').catch(String)).toEqual([])
    expect(lead.code).toBe(1)
    expect(lead.said.join()).toContain('run slipway usage --now on its store')
    const { walk } = inStore(recordingIo({ store }).io)
    await walk?.(
      { 'gc-grace': 48 * 60 * 60, 'undelete-days': 7 },
      () => false,
      () => {},
    )
    expect((await lead.give('usage --json')).map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ repository: 'team/a' }),
      { kind: 'sum', date: expect.any(String), repositories: 1 },
    ])
    await expect(lead.give('usage --now')).rejects.toThrow('--now walks the store')
  })

  it('may have no admin API', async (t) => {
    const { desk, url } = await serveFor(t, ['--admin-api=off'])
    await expect((await desk()).give('policy show')).rejects.toThrow(
      `${url} has no /api/v1/documents/policy: its admin API is off (--admin-api), or it is of an older version`,
    )
  })

  it('may be something else', async (t) => {
    const { desk, url } = await standIn(t, (_, response) => response.writeHead(404).end('no'))
    await expect(desk.give('changes')).rejects.toThrow(`${url} has no /api/v1/changes: `)
  })

  it('is not followed anywhere else', async (t) => {
    const seen: (string | undefined)[] = []
    const { desk } = await standIn(t, ({ url, headers }, response) => {
      seen.push(`${url} ${headers.authorization}`)
      response.writeHead(307, { Location: '/elsewhere' }).end()
    })
    await expect(desk.give('changes')).rejects.toThrow(': 307')
    expect(seen).toEqual(['/api/v1/changes undefined'])
  })

  it('is shown no password where others can read along', async (t) => {
    const realm = 'Bearer realm="http://tokens.example/token",service="slipway"'
    const { desk } = await standIn(t, (_, response) =>
      response.writeHead(401, { 'WWW-Authenticate': realm }).end(),
    )
    await expect(desk.give('changes')).rejects.toThrow(
      'http://tokens.example/token, which has no TLS: nothing was sent there',
    )
  })

  it('may send no more than can be held', async (t) => {
    const { desk } = await standIn(t, (_, response) => {
      const more = () => void response.write(Buffer.alloc(1024 * 1024), more)
      response.on('error', () => {})
      more()
    })
    await expect(desk.give('changes')).rejects.toThrow('is too large')
  })

  it('may respond with what cannot be read', async (t) => {
    const { desk, url } = await standIn(t, (_, response) => response.end('{}'))
    await expect(desk.give('changes')).rejects.toThrow(
      `${url} responds in a way that this version cannot read`,
    )
    await expect(desk.give('policy show')).rejects.toThrow('does not say which')
  })
})

test.each([
  ['a refusal', 403, { errors: [{ code: 'DENIED', message: 'no\u001b[2J\u009b' }] }],
  ['a page', 500, '\u001b[2J'],
  [
    'names',
    200,
    { users: [{ name: 'a\u001b[2J\u009b' }], leftOut: ['\u001b]0;x\u0007'], groups: [] },
  ],
])('%s does nothing to the terminal', async (_, status, body) => {
  const ends: (() => unknown)[] = []
  const t = { onTestFinished: (end: () => unknown) => void ends.push(end) }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const { desk } = await standIn(t as unknown as TestContext, ({ url }, response) => {
    const isGroups = url?.includes('documents') ?? false
    response
      .writeHead(isGroups ? 404 : status)
      .end(isGroups ? '{"errors":[{"code":"DOCUMENT_UNKNOWN"}]}' : text)
  })
  const failed = await desk.give('user list').catch(String)
  const all = [failed, ...desk.printed, ...desk.said].join('\n')
  expect(all).toContain('[2J')
  expect(all).not.toMatch(/[^\P{Cc}\n\t]/u)
  for (const end of ends) await end()
})

test('without credentials, it is said how to log in', async (t) => {
  const { desk, url } = await serveFor(t)
  const { host } = new URL(url)
  await expect((await desk('')).give('changes')).rejects.toThrow(
    `docker knows nothing of ${host}: run docker login ${host}`,
  )
})

test('two who change a document at the same time lose nothing', async (t) => {
  const { url, store } = await serveFor(t)
  const env = { DOCKER_CONFIG: await dockerConfig(t, url, 'root') }
  const add = async (name: string): Promise<void> => {
    const api = await openAdminApi({ address: url, plainHttp: false }, env)
    for (const at of ['1', '2', '3']) {
      await editDocument(documentsOf(api), GROUPS_KEY, (text = '') => `${text}${name}${at}: root\n`)
    }
    api.close()
  }
  await Promise.all(['a', 'b', 'c'].map(add))
  const lines = (await readDocument(store, GROUPS_KEY))?.trim().split('\n')
  expect(lines?.sort()).toEqual(
    ['a', 'b', 'c'].flatMap((name) => ['1', '2', '3'].map((at) => `${name}${at}: root`)),
  )
})

describe('the command line', () => {
  const SOMEWHERE = { SLIPWAY_REGISTRY: 'https://registry.example' }
  test.each<[line: string, env: Record<string, string>, why: string]>([
    [
      'policy show --registry https://r.example --store file:x',
      {},
      '--registry and --store do not',
    ],
    ['policy show --registry r.example --s3-region x', {}, '--registry and --s3-region do not'],
    ['policy show', { ...SOMEWHERE, SLIPWAY_STORE: 'file:x' }, 'are both set: say which'],
    ['policy set x --by me', SOMEWHERE, '--by is for a store: a registry notes'],
    ['policy show --plain-http', {}, '--plain-http is for --registry'],
    ['policy show --registry http://r.example', {}, 'http://r.example has no TLS: expected https'],
    ['policy show --registry https://r.example/x', {}, 'expected the URL of a registry'],
    ['policy show --registry https://me:word@r.example', {}, 'without a name or a path'],
    ['policy show --registry ftp://r.example', {}, 'expected the URL of a registry'],
    ['gc --registry https://r.example', {}, 'slipway gc works on the store alone: it cannot be'],
    ['gc', SOMEWHERE, 'slipway gc works on the store alone, and SLIPWAY_REGISTRY is set'],
  ])('slipway %s', async (line, env, why) => {
    const given = runCommand(line.split(' '), { env } as Io)
    await expect(given).rejects.toThrow(UsageError)
    await expect(given).rejects.toThrow(why)
  })

  test.each(['policy set x --by me', 'gc', 'usage --gc-grace 2d', 'policy show'])(
    'slipway %s: a password in the address is not said',
    async (line) => {
      const env = { SLIPWAY_REGISTRY: 'https://me:word@r.example' }
      const given = runCommand(line.split(' '), { env } as unknown as Io)
      await expect(given).rejects.toThrow(/^(?!.*word)/)
    },
  )

  test('a store that it names counts more than SLIPWAY_REGISTRY', async (t) => {
    const desk = await openDesk(t, openFiles, SOMEWHERE)
    await expect(desk.give('policy show --store file:x')).rejects.toThrow('there is no policy')
    await desk.give('serve --help')
  })
})
