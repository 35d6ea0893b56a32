/**
 * ListObjectsV2.
 *
 * @module
 */
import { S3Error } from './errors.ts'
import { type Operation, type S3Request, xmlAnswer } from './operation.ts'
import { encodeRfc3986 } from './sigv4.ts'
import { seek } from './state.ts'
import { element, text } from './xml.ts'

/** Most entries of one page of any listing. */
const MAX_PAGE = 1000

/** Where a page begins: after a key, or after all keys with a prefix. */
interface Position {
  readonly kind: 'key' | 'prefix'
  readonly value: string
}

/** An entry is a key, or a prefix that stands for all keys with it. */
type Entry = Position

/**
 * A listing's page size from a query parameter; more than 1000 means 1000. Throws InvalidArgument.
 */
export const pageSize = (request: S3Request, name: string): number => {
  const value = request.query(name)
  if (value === undefined || value === '') return MAX_PAGE
  if (!/^-?\d+$/.test(value))
    throw new S3Error('InvalidArgument', `Provided ${name} not an integer or within integer range`)
  const size = Number(value)
  if (size < 0 || size > 2 ** 31 - 1)
    throw new S3Error(
      'InvalidArgument',
      `Argument ${name} must be an integer between 0 and 2147483647`,
    )
  return Math.min(size, MAX_PAGE)
}

/** How a listing writes keys. Throws InvalidArgument. */
export const keyEncoder = (request: S3Request): ((key: string) => string) => {
  const encoding = request.query('encoding-type')
  if (encoding === undefined) return (key) => key
  if (encoding !== 'url')
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request')
  return (key) => key.split('/').map(encodeRfc3986).join('/')
}

const writeToken = ({ kind, value }: Position): string =>
  Buffer.from(JSON.stringify([kind, value])).toString('base64url')

const readToken = (token: string): Position => {
  try {
    const [kind, value] = JSON.parse(Buffer.from(token, 'base64url').toString())
    if ((kind === 'key' || kind === 'prefix') && typeof value === 'string') return { kind, value }
  } catch {
    // Whatever it is, it is no token of ours: refused below.
  }
  throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect')
}

/** Walks the sorted keys with a prefix, rolled up at the delimiter. */
function* entries(
  keys: readonly string[],
  prefix: string,
  delimiter: string,
  after: Position | undefined,
): Generator<Entry> {
  const first = seek(keys, prefix, true)
  let index = after === undefined ? first : Math.max(first, seek(keys, after.value, false))
  let passed = after?.kind === 'prefix' ? after.value : undefined
  for (; index < keys.length; index++) {
    const key = keys[index]!
    if (!key.startsWith(prefix)) return
    if (passed !== undefined && key.startsWith(passed)) continue
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (cut === -1) yield { kind: 'key', value: key }
    else {
      passed = key.slice(0, cut + delimiter.length)
      yield { kind: 'prefix', value: passed }
    }
  }
}

/** One page of a bucket's keys in the order of their bytes. */
export const listObjects: Operation = (request) => {
  const prefix = request.query('prefix') ?? ''
  const delimiter = request.query('delimiter') ?? ''
  const startAfter = request.query('start-after')
  const token = request.query('continuation-token')
  const size = pageSize(request, 'max-keys')
  const encode = keyEncoder(request)
  const from = startAfter === undefined ? undefined : ({ kind: 'key', value: startAfter } as const)
  const after = token === undefined ? from : readToken(token)

  const page: Entry[] = []
  let truncated = false
  if (size > 0)
    for (const entry of entries(request.bucket.keys(), prefix, delimiter, after)) {
      truncated = page.length === size
      if (truncated) break
      page.push(entry)
    }

  const optional = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [text(name, value)]
  const contents = page.flatMap(({ kind, value }) => {
    const object = kind === 'key' ? request.bucket.get(value) : undefined
    if (object === undefined) return []
    return [
      element(
        'Contents',
        text('Key', encode(value)),
        text('LastModified', object.modified.toISOString()),
        text('ETag', `"${object.etag}"`),
        ...(object.checksum === undefined
          ? []
          : [
              text('ChecksumAlgorithm', object.checksum.algorithm),
              text('ChecksumType', object.checksum.type),
            ]),
        text('Size', object.content.size),
        text('StorageClass', 'STANDARD'),
      ),
    ]
  })
  const prefixes = page
    .filter(({ kind }) => kind === 'prefix')
    .map(({ value }) => element('CommonPrefixes', text('Prefix', encode(value))))
  return xmlAnswer('ListBucketResult', [
    text('Name', request.bucket.name),
    text('Prefix', encode(prefix)),
    ...optional('Delimiter', delimiter === '' ? undefined : encode(delimiter)),
    ...optional('StartAfter', startAfter === undefined ? undefined : encode(startAfter)),
    ...optional('ContinuationToken', token),
    ...optional('NextContinuationToken', truncated ? writeToken(page.at(-1)!) : undefined),
    ...optional('EncodingType', request.query('encoding-type')),
    text('KeyCount', page.length),
    text('MaxKeys', size),
    text('IsTruncated', truncated),
    ...contents,
    ...prefixes,
  ])
}
