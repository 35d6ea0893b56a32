/**
 * Reads as much DER (X.690) as certificates and lists of revoked ones need.
 *
 * @module
 */

/** One element. */
export interface Element {
  readonly tag: number
  /** All of it. */
  readonly raw: Buffer
  /** Its content. */
  readonly body: Buffer
}

const SEQUENCE = 0x30

/** The element at an offset. @throws Error when the bytes are not DER */
const elementAt = (bytes: Buffer, offset: number): Element => {
  const first = bytes[offset + 1]
  const tag = bytes[offset]
  if (tag === undefined || first === undefined) throw new Error('is cut short')
  const more = first < 0x80 ? 0 : first & 0x7f
  if (more > 4 || first === 0x80) throw new Error('has a length that is not DER')
  const start = offset + 2 + more
  const length =
    more === 0 ? first : bytes.subarray(offset + 2, start).reduce((n, byte) => n * 256 + byte, 0)
  const end = start + length
  if (end > bytes.length) throw new Error('is cut short')
  return { tag, raw: bytes.subarray(offset, end), body: bytes.subarray(start, end) }
}

/** The elements that bytes consist of. @throws Error when they are not DER */
export const elements = (bytes: Buffer): Element[] => {
  const found: Element[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const element = elementAt(bytes, offset)
    found.push(element)
    offset += element.raw.length
  }
  return found
}

/** The elements in the sequence that bytes begin with. @throws Error when it is none */
export const sequence = (bytes: Buffer): Element[] => {
  const element = elementAt(bytes, 0)
  if (element.tag !== SEQUENCE) throw new Error('is not a sequence')
  return elements(element.body)
}
