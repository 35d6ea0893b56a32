/**
 * What the clean-up writes: markers, and condemned links.
 *
 * @module
 */

import { afterAll, describe, expect, test } from 'vitest'
import {
  markerBody,
  newNonce,
  parseMarker,
  readMarker,
  writeMarker,
} from '../../functions/registry/clean-up/marker.ts'
import type { Damage } from '../../functions/registry/damage.ts'
import { layerLinkKey, markerKey } from '../../functions/registry/layout.ts'
import {
  condemnedLinkBody,
  deletedLinkBody,
  parseLink,
  readLink,
  writeLink,
} from '../../functions/registry/links.ts'
import { isDigest } from '../../functions/registry/reference.ts'
import { contentOf } from '../support/hosts/content.ts'
import { STORES } from '../support/rig/stores.ts'

const { sha256, sha512 } = contentOf('doomed')
const NONCE = '0123456789abcdef'

describe('a marker', () => {
  test.each([
    [{ state: 'condemned', nonce: NONCE }, `condemned ${NONCE}`],
    [{ state: 'condemned', nonce: NONCE, version: 'a.b_c-1' }, `condemned ${NONCE} a.b_c-1`],
    [{ state: 'claimed', nonce: NONCE }, `claimed ${NONCE}`],
    [{ state: 'claimed', nonce: NONCE, version: 'v' }, `claimed ${NONCE} v`],
    [{ state: 'gone', nonce: NONCE }, `gone ${NONCE}`],
    [{ state: 'rescued', nonce: NONCE }, `rescued ${NONCE}`],
  ] as const)('%o', (marker, text) => {
    expect(Buffer.from(markerBody(marker)).toString()).toBe(text)
    expect(parseMarker(Buffer.from(text))).toEqual(marker)
  })

  test.each([
    '',
    'condemned',
    `Condemned ${NONCE}`,
    `kept ${NONCE}`,
    'condemned 0123456789abcde',
    `condemned ${NONCE} `,
    `condemned ${NONCE} a b`,
    `gone ${NONCE} v`,
    `rescued ${NONCE} v`,
    `condemned ${NONCE}\n`,
    `condemned ${NONCE} ${'v'.repeat(1025)}`,
  ])('%j says nothing that is known', (text) => {
    expect(parseMarker(Buffer.from(text))).toBeUndefined()
  })

  test('no two nonces are the same', () => {
    expect(new Set(Array.from({ length: 100 }, newNonce)).size).toBe(100)
    expect(newNonce()).toMatch(/^[0-9a-f]{16}$/)
  })
})

describe('a condemned link', () => {
  test('says its digest, the word and a nonce', () => {
    expect(parseLink(condemnedLinkBody(sha256, NONCE))).toEqual({
      target: sha256,
      condemned: NONCE,
    })
    expect(parseLink(condemnedLinkBody(sha512, NONCE))).toEqual({
      target: sha512,
      condemned: NONCE,
    })
  })

  test.each([`${sha256} condemned`, `${sha256} condemned ${NONCE}0`, `condemned ${NONCE}`])(
    '%j is damaged',
    (text) => expect(parseLink(Buffer.from(text))).toBeUndefined(),
  )

  test('its size tells it from a plain link', () => {
    expect(condemnedLinkBody(sha256, NONCE)).toHaveLength(sha256.length + 27)
  })
})

describe('a deleted link', () => {
  test.each([
    ['took', { took: 12.3 }, { deletedWithin: 13 }],
    ['since', { since: 1_764_236_000_123 }, { deletedWithin: 0, deletedSince: 1_764_236_000_123 }],
  ] as const)('says its digest and %s, as a digest of nothing', (_, deletion, says) => {
    const body = deletedLinkBody(sha256, NONCE, deletion)
    // To distribution it is a digest, to Slipway 1.0 it is not.
    const text = Buffer.from(body).toString()
    expect(text).toMatch(/^sha384:[0-9a-f]{96}$/)
    expect(isDigest(text)).toBe(false)
    expect(parseLink(body)).toEqual({ target: sha256, ...says })
    // A listing tells it from plain ones.
    expect([sha256.length, sha512.length]).not.toContain(body.length)
  })

  test.each([
    [`${sha256} deleted ${NONCE} 13`, { deletedWithin: 13 }],
    [`${sha256} deleted ${NONCE} since 17`, { deletedWithin: 0, deletedSince: 17 }],
  ])('in the words of earlier builds is read: %s', (text, says) => {
    expect(parseLink(Buffer.from(text))).toEqual({ target: sha256, ...says })
  })

  test('no two are the same, and a digest of something is none', () => {
    const [one, two] = [NONCE, '0'.repeat(16)].map((nonce) =>
      Buffer.from(deletedLinkBody(sha256, nonce, { took: 1 })).toString(),
    )
    expect(one).not.toBe(two)
    expect(parseLink(Buffer.from(sha512))).toEqual({ target: sha512 })
  })
})

for (const [name, open] of STORES) {
  describe(name, async () => {
    const { store, close } = await open()
    afterAll(close)

    test('a marker is written only under its condition', async () => {
      const first = { state: 'condemned', nonce: NONCE } as const
      const second = { state: 'rescued', nonce: NONCE } as const
      expect(await readMarker(store, sha256, () => {})).toBeUndefined()
      const etag = await writeMarker(store, sha256, first, { ifNoneMatch: '*' })
      expect(etag).toBeDefined()
      expect(await writeMarker(store, sha256, second, { ifNoneMatch: '*' })).toBeUndefined()
      const read = await readMarker(store, sha256, () => {})
      expect(read).toMatchObject({ etag, marker: first })
      expect(Math.abs(Date.now() - (read?.modified.getTime() ?? 0))).toBeLessThan(60_000)
      expect(await writeMarker(store, sha256, second, { ifMatch: etag! })).toBeDefined()
      expect(await writeMarker(store, sha256, first, { ifMatch: etag! })).toBeUndefined()
      expect((await readMarker(store, sha256, () => {}))?.marker).toEqual(second)
    })

    test.each(['forgiven 0123456789abcdef', 'x'.repeat(5000)])(
      'one that says something else is reported, and is there',
      async (text) => {
        const reported: Damage[] = []
        await store.put(markerKey(sha256), Buffer.from(text))
        const read = await readMarker(store, sha256, (damage) => reported.push(damage))
        expect(read).toMatchObject({ marker: undefined })
        expect(read?.etag).toBeTruthy()
        const why = `has ${text.length} bytes that are not a marker`
        expect(reported).toEqual([{ key: markerKey(sha256), why }])
      },
    )

    test('a condemned link is a link, and says that it is condemned', async () => {
      const key = layerLinkKey('app', sha256)
      await writeLink(store, key, sha256, { size: 6, condemned: NONCE })
      const size = name === 'S3' ? 6 : undefined
      expect(await readLink(store, key)).toMatchObject({ target: sha256, size, condemned: true })
      await writeLink(store, key, sha256, { size: 6 })
      expect(await readLink(store, key)).not.toHaveProperty('condemned')
    })
  })
}
