/**
 * Lists of revoked certificates, as openssl writes them and as nobody should.
 *
 * @module
 */

import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseCrls, plainSerial, subjectOf } from '../../functions/node/tls/crl.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { type Authority, createAuthority, type Issued } from '../support/live/certificates.ts'

let authority: Authority
let lost: Issued
let list: string
beforeAll(async () => {
  const { path, remove } = await temporaryDirectory()
  authority = await createAuthority(path, 'own')
  lost = await authority.issue('/CN=lost')
  list = await authority.revoke([lost], 48)
  return remove
})

describe('a list', () => {
  test('names its authority, what it has revoked, and when it ends', () => {
    const [read, ...others] = parseCrls(list)
    expect(others).toEqual([])
    expect(read?.issuer).toEqual(subjectOf(new X509Certificate(authority.cert)))
    const { serialNumber } = new X509Certificate(lost.cert)
    expect([...(read?.revoked ?? [])]).toEqual([plainSerial(serialNumber)])
    const hours = ((read?.ends ?? 0) - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(47)
    expect(hours).toBeLessThan(49)
  })

  test('may be one of several', () => {
    expect(parseCrls(`${list}\n${list}`)).toHaveLength(2)
  })

  test('that is cut or changed anywhere is read or refused, and nothing else happens', () => {
    const body = list.replace(/-----[^-]+-----|\s/g, '')
    const bytes = Buffer.from(body, 'base64')
    const pem = (der: Buffer) =>
      `-----BEGIN X509 CRL-----\n${der.toString('base64')}\n-----END X509 CRL-----\n`
    expect(parseCrls(pem(bytes))).toEqual(parseCrls(list))
    let refused = 0
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = 0xff
      for (const der of [bytes.subarray(0, at), changed]) {
        try {
          parseCrls(pem(der))
        } catch (error) {
          refused++
          expect((error as Error).message).toMatch(
            /^(?:list 1 of it cannot be read|it has no X509 CRL)/,
          )
        }
      }
    }
    expect(refused).toBeGreaterThan(bytes.length)
  })
})

test.each([
  ['00ab', 'AB'],
  ['AB', 'AB'],
  ['0', '0'],
  ['0A0B', 'A0B'],
])('the serial number %s is %s', (hex, plain) => {
  expect(plainSerial(hex)).toBe(plain)
})
