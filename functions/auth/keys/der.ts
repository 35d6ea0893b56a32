/**
 * ECDSA signatures as KMS and OpenSSL return them.
 *
 * @module
 */

/**
 * Turns an ECDSA signature in DER (`SEQUENCE { r INTEGER, s INTEGER }`, what KMS and OpenSSL give)
 * into the r and s of 32 bytes each that `Signer.sign` must give for P-256.
 *
 * @throws RangeError when it is not such a signature
 */
export const derToRaw = (der: Uint8Array): Uint8Array => {
  const refused = () => new RangeError('not a P-256 signature in DER')
  let at = 2
  const integer = (): Uint8Array => {
    const length = der[at + 1] ?? 0
    const value = der.subarray(at + 2, at + 2 + length)
    if (der[at] !== 0x02 || length === 0 || value.length !== length) throw refused()
    at += 2 + length
    // A leading zero keeps a number with its top bit set from being read as negative.
    const digits = value[0] === 0 ? value.subarray(1) : value
    if (digits.length > 32) throw refused()
    return digits
  }
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw refused()
  const [r, s] = [integer(), integer()]
  if (at !== der.length) throw refused()
  const raw = new Uint8Array(64)
  raw.set(r, 32 - r.length)
  raw.set(s, 64 - s.length)
  return raw
}
