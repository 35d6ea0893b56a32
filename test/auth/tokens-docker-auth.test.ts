/**
 * Tokens that a real docker_auth issued, recorded with the certificates of its keys. Account `alice`
 * may do everything below `alice/`, and asked for `alice/app` and `bob/app`.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { decodeJwt } from 'jose'
import { describe, test } from 'vitest'
import { grants } from '../../functions/auth/access.ts'
import { certificatesOfBundle } from '../../functions/auth/trusted-keys/key-set.ts'
import { certificateBundle, fixedJwks } from '../../functions/auth/trusted-keys/key-source.ts'
import { verifierOf } from './tokens-verifier.ts'

interface Recording {
  readonly certificates: Readonly<Record<string, string>>
  readonly tokens: readonly {
    readonly certificate: string
    readonly kid: string
    readonly token: string
  }[]
}
const file = new URL('tokens-docker-auth.json', import.meta.url)
const { certificates, tokens } = JSON.parse(readFileSync(file, 'utf8')) as Recording

const verifier = async (pem: string, now: number) => {
  const source = await certificateBundle(pem)
  const issuers = [{ issuer: 'docker_auth', audience: 'registry.example', source }]
  return verifierOf({ issuers, now: () => now })
}

describe('tokens of docker_auth', () => {
  for (const { certificate, kid, token } of tokens) {
    const { iat = 0, exp = 0 } = decodeJwt(token)
    const own = certificates[certificate] ?? ''
    const all = Object.values(certificates).join('')

    test(`${certificate}, ${kid}: accepted, through a bundle and a key set`, async () => {
      for (const pem of [own, all]) {
        const verified = await (await verifier(pem, iat * 1000)).verify(token)
        assert.equal(verified.identity.name, 'alice')
        assert.equal(verified.expires, exp * 1000)
        assert.equal(grants(verified.access, 'repository', 'alice/app', 'push'), true)
        assert.equal(grants(verified.access, 'repository', 'bob/app', 'pull'), false)
      }
      const keys = certificatesOfBundle(all).map(({ publicKey }) => publicKey)
      const source = await fixedJwks({ keys: keys.map((key) => key.export({ format: 'jwk' })) })
      const issuers = [{ issuer: 'docker_auth', audience: 'registry.example', source }]
      await verifierOf({ issuers, now: () => iat * 1000 }).verify(token)
    })

    test(`${certificate}, ${kid}: refused once expired, and with other keys`, async () => {
      const late = await verifier(own, (exp + 60) * 1000)
      await assert.rejects(late.verify(token), /has expired/)
      const others = Object.entries(certificates).filter(([name]) => name !== certificate)
      const strange = await verifier(others.map(([, pem]) => pem).join(''), iat * 1000)
      await assert.rejects(strange.verify(token), /which its issuer does not have/)
    })
  }
})
