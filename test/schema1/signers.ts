/**
 * Signs manifests as old tools do, and wrongly.
 *
 * @module
 */

import { generateKeyPairSync, type KeyObject, sign as signWith } from 'node:crypto'
import { libtrustId } from '../../functions/auth/keys/key-id.ts'
import { localSigner } from '../../functions/auth/keys/signing-keys.ts'
import { signed } from '../../functions/schema1/sign.ts'

/** A key that is not known to anybody. */
export const KEY: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** A manifest of schema 1, without signatures. */
export const payloadOf = (
  name: string,
  tag: string,
  layers: readonly string[],
  more: object = {},
): string =>
  JSON.stringify(
    {
      schemaVersion: 1,
      name,
      tag,
      architecture: 'amd64',
      fsLayers: layers.map((blobSum) => ({ blobSum })),
      history: layers.map((_, at) => ({ v1Compatibility: `{"id":"${at}"}` })),
      ...more,
    },
    null,
    3,
  )

/** Signed with {@link KEY}. */
export const sign = (payload: string, now = Date.now()): Promise<string> =>
  signed(payload, localSigner(KEY), now)

interface Wishes {
  readonly key: KeyObject
  readonly publicKey: KeyObject
  readonly alg: string
  readonly hash: string
  readonly header?: object
  readonly protect?: object
}

/** Signed in any way. */
export const signAs = (
  payload: string,
  { key, publicKey, alg, hash, header, protect }: Wishes,
): string => {
  const kept = payload.replace(/\s*\}\s*$/, '')
  const encode = (text: string) => Buffer.from(text).toString('base64url')
  const head = encode(
    JSON.stringify({
      formatLength: Buffer.byteLength(kept),
      formatTail: encode(payload.slice(kept.length)),
      ...protect,
    }),
  )
  const input = Buffer.from(`${head}.${encode(payload)}`)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: libtrustId(publicKey) }
  const signature = signWith(hash, input, { key, dsaEncoding: 'ieee-p1363' })
  const signatures = [
    {
      header: header ?? { alg, jwk },
      signature: signature.toString('base64url'),
      protected: head,
    },
  ]
  return `${kept},"signatures":${JSON.stringify(signatures)}}`
}
