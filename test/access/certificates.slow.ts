/**
 * Callers with a certificate: what rules that name it allow, on a real TLS server.
 *
 * @module
 */

import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { Agent, type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { HTPASSWD_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
import { userLine, write } from '../auth/harness.ts'
import type { WrittenRule } from '../auth/policy-model.ts'
import { CONFIG } from '../support/hosts/content.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import {
  type Authority,
  createAuthority,
  type Issued,
  selfSigned,
} from '../support/live/certificates.ts'
import { basic, policyText } from './rig.ts'

let server: Issued
let own: Authority
let foreign: Authority
let ci: Issued
let bare: Issued
beforeAll(async () => {
  const { path, remove } = await temporaryDirectory()
  server = await selfSigned(path, 'server')
  own = await createAuthority(path, 'own')
  foreign = await createAuthority(path, 'foreign')
  ci = await own.issue('/CN=ci/O=Example, Inc/OU=build')
  bare = await own.issue('/CN=alice')
  return remove
})

const rule = (who: string, repositories: string, ...actions: WrittenRule['actions']) => ({
  who: [who],
  repositories: [repositories],
  actions,
})
const RULES = [
  rule('certificate:CN=ci,OU=build', 'builds/**', 'pull', 'push'),
  rule('certificate:O=Example\\, Inc', 'example/**', 'pull', 'push'),
  rule('certificate:CN=ci', `\${user}/**`, '*'),
  rule('user:bob', 'bob/**', '*'),
  rule('anonymous', 'open/**', 'pull', 'push'),
  rule('authenticated', 'shared/**', '*'),
]

interface Sent extends Pick<RequestOptions, 'agent'> {
  readonly as?: Issued | undefined
  readonly headers?: Record<string, string>
  readonly body?: Uint8Array
}

/** Starts a TLS server with the authority `own`. */
const start = async ({
  rules = RULES,
  crl,
  flags = [] as string[],
}: {
  rules?: readonly WrittenRule[]
  crl?: string | undefined
  flags?: string[]
} = {}) => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const file = (name: string) => join(path, name)
  const list = (text: string) => writeFile(file('crl.pem'), text)
  const authorities = (text: string) => writeFile(file('ca.pem'), text)
  await writeFile(file('tls.crt'), server.cert)
  await writeFile(file('tls.key'), server.key)
  await authorities(own.cert)
  if (crl !== undefined) await list(crl)
  const store = openFileStore(file('data'))
  await write(store, HTPASSWD_KEY, await userLine('bob', 'battery'))
  await write(store, POLICY_KEY, policyText(rules))
  const args = [
    ...['--listen=127.0.0.1:0', '--log-level=silent', `--store=file:${file('data')}`],
    ...[`--tls-cert=${file('tls.crt')}`, `--tls-key=${file('tls.key')}`],
    `--tls-client-ca=${file('ca.pem')}`,
    ...(crl === undefined ? [] : [`--tls-client-crl=${file('crl.pem')}`]),
    ...flags,
  ]
  const running = await startServer(readSettings(args, {}), {})
  onTestFinished(running.stop)
  const send = async (line: string, { as, agent = false, headers, body }: Sent = {}) => {
    const [method, target = ''] = line.split(' ')
    const options = { method, agent, headers: headers ?? {}, rejectUnauthorized: false, ...as }
    const sent = request(`${running.url}${target}`, options)
    sent.end(body)
    const [answer] = await once(sent, 'response')
    const text = String(await buffer(answer))
    return { status: answer.statusCode as number, headers: answer.headers, text }
  }
  return { send, list, authorities, reload: running.reload, store }
}

const begin = (repository: string): string => `POST /v2/${repository}/blobs/uploads/`

describe('a certificate', () => {
  const BOB = { Authorization: basic('bob', 'battery') }
  const XFCC = {
    'X-Forwarded-Client-Cert': 'Subject="CN=ci,OU=build"',
    'X-SSL-Client-S-DN': 'CN=ci,OU=build',
    'X-SSL-Client-Verify': 'SUCCESS',
  }
  type Show = () => Sent
  const ROWS: readonly (readonly [what: string, show: Show, repository: string, status: number])[] =
    [
      ['lets its holder in where a rule names it', () => ({ as: ci }), 'builds/app', 202],
      [
        'and by another of its attributes, with a comma in it',
        () => ({ as: ci }),
        'example/app',
        202,
      ],
      ['and has its CN for a folder of its own', () => ({ as: ci }), 'ci/app', 202],
      ['gives nothing elsewhere', () => ({ as: ci }), 'bob/app', 401],
      ['is not a user of that name, nor `authenticated`', () => ({ as: ci }), 'shared/app', 401],
      ['takes nothing of what anonymous callers may do', () => ({ as: ci }), 'open/app', 202],
      ['gives nothing without a rule', () => ({ as: bare }), 'builds/app', 401],
      [
        'without a rule leaves what anonymous callers may do',
        () => ({ as: bare }),
        'open/app',
        202,
      ],
      ['may be missing: anonymous', () => ({}), 'open/app', 202],
      ['may be missing: anonymous, refused', () => ({}), 'builds/app', 401],
      ['may be missing: a user', () => ({ headers: BOB }), 'bob/app', 202],
      [
        'counts for nothing beside credentials',
        () => ({ as: ci, headers: BOB }),
        'builds/app',
        403,
      ],
      ['leaves the rights of credentials', () => ({ as: ci, headers: BOB }), 'bob/app', 202],
      [
        'counts beside credentials of nobody, as podman sends them',
        () => ({ as: ci, headers: { Authorization: basic('', '') } }),
        'builds/app',
        202,
      ],
      ['is never believed from a header', () => ({ headers: XFCC }), 'builds/app', 401],
    ]
  test.each(ROWS)('%s', async (_, show, repository, status) => {
    const { send } = await start()
    expect((await send(begin(repository), show())).status).toBe(status)
  })

  test('is never believed from a header of a trusted proxy either', async () => {
    const { send } = await start({ flags: ['--trust-proxy=127.0.0.1'] })
    expect((await send(begin('builds/app'), { headers: XFCC })).status).toBe(401)
  })

  test('is asked for credentials where it grants too little, and not where it grants something', async () => {
    const { send } = await start()
    expect((await send('GET /v2/', { as: ci })).status).toBe(200)
    const ping = await send('GET /v2/', { as: bare })
    expect(ping.status).toBe(401)
    const denied = await send(begin('bob/app'), { as: ci })
    expect(denied.headers['www-authenticate']).toMatch(/^Bearer realm=.*scope="repository:bob\/app/)
    expect(denied.text).toContain('the client certificate is not enough to push to bob/app')
  })

  test('lists what it may pull', async () => {
    const { send } = await start()
    const listed = await send('GET /v2/_catalog', { as: ci })
    expect(listed.status).toBe(200)
    expect(JSON.parse(listed.text)).toEqual({ repositories: [] })
  })

  test('of another authority is refused, whatever else the request brings', async () => {
    const { send } = await start()
    const other = await foreign.issue('/CN=ci/OU=build')
    for (const headers of [{}, BOB]) {
      const refused = await send(begin('bob/app'), { as: other, headers })
      expect(refused.status).toBe(401)
      expect(refused.text).toContain('the client certificate is not accepted')
    }
  })

  test('that has expired is refused', async () => {
    const { send } = await start()
    const old = await own.issue('/CN=ci/OU=build', 0)
    const refused = await send(begin('builds/app'), { as: old })
    expect(refused.status).toBe(401)
    expect(refused.text).toContain('CERT_HAS_EXPIRED')
  })

  test('can be required: without one there is no connection', async () => {
    const { send } = await start({ flags: ['--tls-client-only=on'] })
    await expect(send('GET /v2/')).rejects.toThrow()
    expect((await send(begin('builds/app'), { as: ci })).status).toBe(202)
  })
})

describe('a certificate that is revoked', () => {
  test('is refused on new connections and on those that there are, which end', async () => {
    const lost = await own.issue('/CN=ci/OU=build')
    const { send, list, reload } = await start({ crl: await own.revoke([]) })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const kept = { as: lost, agent }
    const one = await send(begin('builds/app'), kept)
    expect(one.status).toBe(202)
    const other = { as: ci }
    expect((await send(begin('builds/app'), other)).status).toBe(202)

    await list(await own.revoke([lost]))
    await reload()
    const refused = await send(begin('builds/app'), kept)
    expect(refused.status).toBe(401)
    expect(refused.text).toContain('the client certificate was revoked')
    expect(refused.headers.connection).toBe('close')
    const again = await send(begin('builds/app'), { as: lost })
    expect(again.status).toBe(401)
    expect(again.text).toContain('CERT_REVOKED')
    expect((await send(begin('builds/app'), other)).status).toBe(202)
  })

  test('is refused, too, where a new connection resumes the session of an earlier one', async () => {
    const lost = await own.issue('/CN=ci/OU=build')
    const { send, list, reload } = await start({ crl: await own.revoke([]) })
    // Closes connections, and keeps their sessions.
    const agent = new Agent({ keepAlive: false })
    onTestFinished(() => agent.destroy())
    const resumed: boolean[] = []
    const create = agent.createConnection.bind(agent)
    agent.createConnection = (...args) => {
      const socket = create(...args) as TLSSocket
      socket.once('secureConnect', () => resumed.push(socket.isSessionReused()))
      return socket
    }
    for (let n = 0; n < 2; n++) {
      expect((await send(begin('builds/app'), { as: lost, agent })).status).toBe(202)
    }
    expect(resumed.at(-1)).toBe(true)
    await list(await own.revoke([lost]))
    await reload()
    expect((await send(begin('builds/app'), { as: lost, agent })).status).toBe(401)
  })

  test('ends the uploads that were begun with it', async () => {
    const lost = await own.issue('/CN=ci/OU=build')
    const { send, list, reload } = await start({ crl: await own.revoke([]) })
    const begun = await Promise.all([lost, ci].map((as) => send(begin('builds/app'), { as })))
    const puts = begun.map(({ headers }) => `PUT ${headers.location}&digest=${CONFIG.sha256}`)
    await list(await own.revoke([lost]))
    await reload()
    // The address alone is enough, and only as long as the certificate is valid.
    expect((await send(puts[0]!, { body: CONFIG.bytes })).status).toBe(401)
    const ended = await send(puts[0]!, { body: CONFIG.bytes, as: ci })
    expect(ended.status).toBe(404)
    expect(ended.text).toContain('the certificate that it was begun with was revoked')
    expect((await send(puts[1]!, { body: CONFIG.bytes })).status).toBe(201)
  })

  test('a list that is too old refuses all certificates, and nobody else', async () => {
    const { send } = await start({ crl: await own.revoke([], 0) })
    const refused = await send(begin('builds/app'), { as: ci })
    expect(refused.status).toBe(401)
    expect(refused.text).toContain('CRL_HAS_EXPIRED')
    expect((await send(begin('open/app'))).status).toBe(202)
  })

  test('an authority without a list is refused', async () => {
    const { send } = await start({ crl: await foreign.revoke([]) })
    expect((await send(begin('builds/app'), { as: ci })).status).toBe(401)
  })
})

describe('authorities', () => {
  test('can be replaced: certificates of the one before are refused, also on their connections', async () => {
    const { send, authorities, reload } = await start()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const kept = { as: ci, agent }
    const begun = await send(begin('builds/app'), kept)
    expect(begun.status).toBe(202)
    await authorities(foreign.cert)
    await reload()
    const refused = await send(begin('builds/app'), kept)
    expect(refused.status).toBe(401)
    expect(refused.text).toContain('was issued by an authority that is not accepted here')
    const put = `PUT ${begun.headers.location}&digest=${CONFIG.sha256}`
    expect((await send(put, { body: CONFIG.bytes })).status).toBe(401)
    const other = await foreign.issue('/CN=ci/OU=build')
    expect((await send(begin('builds/app'), { as: other })).status).toBe(202)
  })

  test.each(['nothing', ''])('that are %j keep those before', async (text) => {
    const { send, authorities, reload } = await start()
    await authorities(text)
    await reload()
    expect((await send(begin('builds/app'), { as: ci })).status).toBe(202)
  })

  test('a server does not start with a list that is none', async () => {
    await expect(start({ crl: 'nothing' })).rejects.toMatchObject({
      name: 'SettingsError',
      message: expect.stringMatching(
        /^--tls-client-ca .*, --tls-client-crl .*: it has no X509 CRL in PEM$/,
      ),
    })
  })
})
