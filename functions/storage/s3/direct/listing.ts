/**
 * What a listing says, read without the SDK's parser, which takes longer than all else about a small
 * page. Of the answer's XML only such is taken as needs no thought; the SDK reads any other.
 *
 * @module
 */

/** A page as S3 wrote it: keys and prefixes begin with the store's prefix. */
export interface Listing {
  /** `url` where keys and prefixes are percent-encoded; not every service does it when it is asked to. */
  readonly encoding: string | undefined
  readonly objects: readonly {
    readonly key: string
    readonly size: number
    readonly modified: Date
  }[]
  readonly prefixes: readonly string[]
  readonly truncated: boolean
}

const WHOLE = /^(?:<\?xml[^>]*\?>)?\s*<ListBucketResult[\s>].*<\/ListBucketResult>\s*$/s
const ENTRY = /<(Contents|CommonPrefixes)>(.*?)<\/\1>/gs
/** The elements that are read must hold no markup, nor characters that are written as such. */
const element = (name: string, text: string): RegExp => new RegExp(`<${name}>(${text})</${name}>`)
const KEY = element('Key', '[^<&]+')
const SIZE = element('Size', '\\d+')
const MODIFIED = element('LastModified', '[^<&]+')
const PREFIX = element('Prefix', '[^<&]+')
const COUNT = element('KeyCount', '\\d+')
const TRUNCATED = element('IsTruncated', 'true|false')
const ENCODING = element('EncodingType', 'url')
const ANY_ENCODING = element('EncodingType', '.+?')

/** The page in an answer to ListObjectsV2; undefined if it looks unusual. */
export const parseListing = (xml: string): Listing | undefined => {
  const count = COUNT.exec(xml)?.[1]
  const truncated = TRUNCATED.exec(xml)?.[1]
  const encoding = ENCODING.exec(xml)?.[1]
  if (!WHOLE.test(xml) || (encoding === undefined && ANY_ENCODING.test(xml))) return undefined
  if (count === undefined || truncated === undefined) return undefined
  const objects = []
  const prefixes = []
  for (const [, kind, inner = ''] of xml.matchAll(ENTRY)) {
    if (kind === 'CommonPrefixes') {
      const prefix = PREFIX.exec(inner)?.[1]
      if (prefix === undefined) return undefined
      prefixes.push(prefix)
      continue
    }
    const [key, size, modified] = [KEY, SIZE, MODIFIED].map((each) => each.exec(inner)?.[1])
    const date = new Date(modified ?? '')
    if (key === undefined || size === undefined || Number.isNaN(date.getTime())) return undefined
    objects.push({ key, size: Number(size), modified: date })
  }
  // Whatever was not understood as an entry is missed here.
  if (objects.length + prefixes.length !== Number(count)) return undefined
  return { encoding, objects, prefixes, truncated: truncated === 'true' }
}
