/**
 * Signs manifests of schema 1, as libtrust writes it.
 *
 * @module
 */

import type { Signer } from '../auth/keys/signing-keys.ts'

const INDENT = '   '

const base64url = (text: string): string => Buffer.from(text).toString('base64url')

/** Where an object ends, with what is before its brace: libtrust's formatTail. */
const TAIL = /\s*\}\s*$/

/**
 * The manifest with a signature, as PrettySignature of libtrust's jsonsign.go has it.
 *
 * @param payload a JSON object with at least one member
 * @param now milliseconds
 */
export const signed = async (payload: string, signer: Signer, now: number): Promise<string> => {
  const [tail = ''] = TAIL.exec(payload) ?? []
  const kept = payload.slice(0, payload.length - tail.length)
  const head = base64url(
    JSON.stringify({
      formatLength: Buffer.byteLength(kept),
      formatTail: base64url(tail),
      time: `${new Date(now).toISOString().slice(0, 19)}Z`,
    }),
  )
  const bytes = await signer.sign(Buffer.from(`${head}.${base64url(payload)}`))
  const { crv, kid, kty, x, y } = signer.publicJwk
  const signatures = [
    {
      header: { jwk: { crv, kid, kty, x, y }, alg: signer.algorithm },
      signature: Buffer.from(bytes).toString('base64url'),
      protected: head,
    },
  ]
  const isPretty = payload.startsWith('{\n')
  const text = JSON.stringify(signatures, null, isPretty ? INDENT : 0)
  return isPretty
    ? `${kept},\n${INDENT}"signatures": ${text.replaceAll('\n', `\n${INDENT}`)}\n}`
    : `${kept},"signatures":${text}}`
}
