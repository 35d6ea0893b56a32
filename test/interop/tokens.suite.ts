/**
 * Tokens across programs: distribution 2.8 (Debian's `docker-registry`, with `rootcertbundle`) and
 * distribution 3 (with our JWKS) accept ours, and we accept those of distribution's own token server.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bcrypt } from 'hash-wasm'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Access } from '../../functions/auth/access.ts'
import { selfSignedCertificate } from '../../functions/auth/keys/certificate.ts'
import { publishedJwks } from '../../functions/auth/keys/jwks.ts'
import { localSigner, type Signer } from '../../functions/auth/keys/signing-keys.ts'
import { issueRefreshToken, issueToken } from '../../functions/auth/tokens/issue.ts'
import {
  certificateBundle,
  fixedJwks,
  type KeySource,
} from '../../functions/auth/trusted-keys/key-source.ts'
import { verifierOf } from '../auth/tokens-verifier.ts'
import {
  type Daemon,
  freePort,
  responds,
  scratch,
  startDaemon,
  toolCache,
} from '../support/live/process.ts'

const SERVICE = 'registry.example'
const ISSUER = 'https://slipway.example/token'
const YEAR = 365 * 86_400_000

const program = (name: string) => join(toolCache, 'distribution', name)
const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const certificate = (signer: Signer) =>
  selfSignedCertificate({
    signer,
    name: 'Slipway tokens',
    from: Date.now() - 60_000,
    until: Date.now() + YEAR,
  })

describe('tokens of Slipway', () => {
  const files = scratch('tokens')
  afterAll(() => files.remove())
  const [first, second, mallory] = [newKey(), newKey(), newKey()].map(localSigner) as [
    Signer,
    Signer,
    Signer,
  ]

  const issued = async (
    signer: Signer,
    access: readonly Access[],
    more: { readonly audience?: string; readonly issuer?: string; readonly age?: number } = {},
  ) => {
    const { audience = SERVICE, issuer = ISSUER, age = 0 } = more
    const who = { issuer, audience, subject: 'alice', kind: 'user' } as const
    const now = () => Date.now() - age
    return (await issueToken({ signer, ...who, access, lifetime: 300, now })).token
  }
  const to = (name: string, ...actions: string[]): Access[] => [
    { type: 'repository', name, actions },
  ]

  const registries: readonly {
    readonly name: string
    readonly command: string
    readonly trust: () => Promise<Readonly<Record<string, unknown>>>
  }[] = [
    {
      name: 'distribution 2.8',
      command: 'docker-registry',
      trust: async () => {
        const rootcertbundle = join(files.path, 'bundle.pem')
        writeFileSync(
          rootcertbundle,
          (await Promise.all([first, second].map(certificate))).join(''),
        )
        return { rootcertbundle }
      },
    },
    {
      name: 'distribution 3',
      command: program('registry'),
      trust: async () => {
        const jwks = join(files.path, 'jwks.json')
        const published = async () => [first, second].map(({ publicJwk }) => publicJwk)
        writeFileSync(
          jwks,
          JSON.stringify(await publishedJwks({ signer: async () => first, published })),
        )
        return { jwks, signingalgorithms: ['ES256'] }
      },
    },
  ]

  for (const { name, command, trust } of registries) {
    describe(`at ${name}`, () => {
      let daemon: Daemon
      let base: string
      beforeAll(async () => {
        const address = `127.0.0.1:${await freePort()}`
        base = `http://${address}/v2/`
        const directory = join(files.path, `${name}.json`)
        const settings = { realm: ISSUER, service: SERVICE, issuer: ISSUER, ...(await trust()) }
        writeFileSync(
          directory,
          JSON.stringify({
            version: '0.1',
            storage: { filesystem: { rootdirectory: join(files.path, name) } },
            http: { addr: address, secret: 'of-no-worth' },
            auth: { token: settings },
          }),
        )
        daemon = await startDaemon({
          name: `tokens-${name.replaceAll(' ', '-')}`,
          command,
          args: ['serve', directory],
          ready: () => responds(base),
        })
      })
      afterAll(() => daemon.stop())

      const status = async (path: string, token: string, method = 'GET'): Promise<number> => {
        const headers = { authorization: `Bearer ${token}` }
        const response = await fetch(`${base}${path}`, { method, headers })
        await response.body?.cancel()
        return response.status
      }

      for (const [which, signer] of [
        ['the key that signs', first],
        ['another published key', second],
      ] as const) {
        test(`${which} is found by its kid`, async () => {
          assert.equal(await status('', await issued(signer, [])), 200)
          const push = await issued(signer, to('team/app', 'pull', 'push'))
          assert.equal(await status('team/app/blobs/uploads/', push, 'POST'), 202)
          // There is nothing to list yet; a token that does not grant it would get 401.
          const pull = await issued(signer, to('team/app', 'pull'))
          assert.equal(await status('team/app/tags/list', pull), 404)
          const catalog = { type: 'registry', name: 'catalog', actions: ['*'] }
          assert.equal(await status('_catalog', await issued(signer, [catalog])), 200)
        })
      }

      test('what a token does not grant is denied', async () => {
        const pull = await issued(first, to('team/app', 'pull'))
        assert.equal(await status('team/app/blobs/uploads/', pull, 'POST'), 401)
        assert.equal(await status('team/lib/tags/list', pull), 401)
        assert.equal(await status('_catalog', pull), 401)
      })

      test('invalid tokens are rejected', async () => {
        const refresh = await issueRefreshToken({
          signer: first,
          issuer: ISSUER,
          audience: SERVICE,
          subject: 'alice',
          kind: 'user',
          credential: 'x',
          lifetime: 300,
          now: Date.now,
        })
        const tokens = {
          'of a stranger': await issued(mallory, []),
          'for another service': await issued(first, [], { audience: 'other.example' }),
          'of another issuer': await issued(first, [], { issuer: 'https://other.example' }),
          'too old': await issued(first, [], { age: 600_000 }),
          'to refresh': refresh.token,
        }
        for (const [why, token] of Object.entries(tokens)) {
          assert.equal(await status('', token), 401, why)
        }
      })
    })
  }
})

describe("tokens of distribution's token server", () => {
  const files = scratch('token-server')
  const key = newKey()
  const signer = localSigner(key)
  let daemon: Daemon
  let base: string
  beforeAll(async () => {
    const address = `127.0.0.1:${await freePort()}`
    base = `http://${address}/token/`
    const [keyFile, passwords] = [join(files.path, 'key.pem'), join(files.path, 'htpasswd')]
    writeFileSync(keyFile, key.export({ format: 'pem', type: 'sec1' }), { mode: 0o600 })
    const salt = crypto.getRandomValues(new Uint8Array(16))
    const hash = await bcrypt({ password: 'secret', salt, costFactor: 5, outputType: 'encoded' })
    writeFileSync(passwords, `alice:${hash.replace('$2a$', '$2y$')}\n`)
    daemon = await startDaemon({
      name: 'token-server',
      command: program('token-server'),
      args: [
        ...['-addr', address, '-issuer', ISSUER, '-realm', 'test'],
        ...['-key', keyFile, '-passwd', passwords],
      ],
      ready: () => responds(base),
    })
  })
  afterAll(async () => {
    await daemon.stop()
    files.remove()
  })

  const fetched = async (service: string, scope: string): Promise<string> => {
    const query = new URLSearchParams({ service, scope })
    const authorization = `Basic ${btoa('alice:secret')}`
    const response = await fetch(`${base}?${query}`, { headers: { authorization } })
    assert.equal(response.status, 200)
    return ((await response.json()) as { access_token: string }).access_token
  }
  const verifier = (source: KeySource, issuer = ISSUER) =>
    verifierOf({ issuers: [{ issuer, audience: SERVICE, source }], now: Date.now })

  const sources: readonly (readonly [string, () => Promise<KeySource>])[] = [
    ['a bundle of its certificate', async () => certificateBundle(await certificate(signer))],
    ['its key set', () => fixedJwks({ keys: [signer.publicJwk] })],
    [
      'its key set, under another name',
      () => fixedJwks({ keys: [{ ...createPublicKey(key).export({ format: 'jwk' }), kid: 'x' }] }),
    ],
  ]
  for (const [name, open] of sources) {
    test(`are verified with ${name}`, async () => {
      const token = await fetched(SERVICE, 'repository:alice/app:pull,push')
      const verified = await verifier(await open()).verify(token)
      assert.equal(verified.identity.kind, 'token')
      assert.equal(verified.identity.name, 'alice')
      const access = verified.access.map((each) => ({ ...each, actions: each.actions.toSorted() }))
      assert.deepEqual(access, [
        { type: 'repository', name: 'alice/app', actions: ['pull', 'push'] },
      ])
    })
  }

  test('grant only what the server granted', async () => {
    const token = await fetched(SERVICE, 'repository:bob/app:pull')
    const source = await fixedJwks({ keys: [signer.publicJwk] })
    assert.deepEqual((await verifier(source).verify(token)).access, [])
  })

  test('are rejected for another service, issuer or key', async () => {
    const own = await fixedJwks({ keys: [signer.publicJwk] })
    const other = await fixedJwks({ keys: [localSigner(newKey()).publicJwk] })
    const token = await fetched(SERVICE, 'repository:alice/app:pull')
    await verifier(own).verify(token)
    const elsewhere = await fetched('other.example', 'repository:alice/app:pull')
    await assert.rejects(verifier(own).verify(elsewhere), /another service/)
    await assert.rejects(verifier(own, 'https://other.example').verify(token), /not trusted/)
    await assert.rejects(verifier(other).verify(token), /which its issuer does not have/)
  })
})
