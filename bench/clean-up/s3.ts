/**
 * An S3 in a process of its own, for the clean-up of a registry that is computed: the operations that a run asks
 * for, in the shortest form that its client takes. It checks no signatures; what S3 refuses, the S3 of the tests
 * refuses.
 *
 * Its parent sends what is to happen, and is told when it has.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { route } from '../../test/emulators/s3/router.ts'
import { parseTarget, queryValue, type Target } from '../../test/emulators/s3/target.ts'
import type { Held } from './generated.ts'
import type { Shape } from './shape.ts'
import { openWorld } from './world.ts'

/** What a parent says: time passes, in milliseconds; images are pushed; calls are counted from here. */
export type Order = { readonly pass: number } | { readonly push: true } | { readonly count: true }

/** What it is told. */
export interface Told {
  /** Where the server is; with the first message. */
  readonly endpoint: string
  /** Calls since they were last asked for, by operation. */
  readonly calls: Readonly<Record<string, number>>
  /** Links that were pushed. */
  readonly pushed: number
  readonly residentBytes: number
}

const shape: Shape = JSON.parse(process.argv[2] ?? '')
const world = openWorld(shape)
let calls: Record<string, number> = {}
let ahead = 0
const now = (): Date => new Date(Math.floor((Date.now() + ahead) / 1000) * 1000)

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

const NONE: Answer = { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' }
const CHANGED: Answer = { status: 412, body: '<Error><Code>PreconditionFailed</Code></Error>' }

const list = (target: Target): Answer => {
  const prefix = queryValue(target, 'prefix') ?? ''
  const after = queryValue(target, 'start-after') ?? ''
  const limit = Number(queryValue(target, 'max-keys') ?? 1000)
  const { entries, truncated } = world.list(prefix, after, limit)
  const contents = entries.map(
    ([key, { size, etag, modified }]) =>
      `<Contents><Key>${key}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${size}</Size></Contents>`,
  )
  const about = `<EncodingType>url</EncodingType><KeyCount>${entries.length}</KeyCount><IsTruncated>${truncated}</IsTruncated>`
  const body = `<ListBucketResult ${NAMESPACE}>${about}${contents.join('')}</ListBucketResult>`
  return { status: 200, body }
}

const read = (key: string, { headers }: IncomingMessage): Answer => {
  const held = world.get(key)
  if (held === undefined) return NONE
  const about = { etag: `"${held.etag}"`, 'last-modified': held.modified.toUTCString() }
  const bytes = held.bytes?.() ?? Buffer.alloc(0)
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
  if (first === undefined) {
    return { status: 200, headers: { ...about, 'content-length': `${held.size}` }, body: bytes }
  }
  const end = Math.min(held.size - 1, last ? Number(last) : held.size - 1)
  const body = bytes.subarray(Number(first), end + 1)
  const range = `bytes ${first}-${end}/${held.size}`
  const length = `${body.byteLength}`
  return {
    status: 206,
    headers: { ...about, 'content-range': range, 'content-length': length },
    body,
  }
}

/** Whether an object is what the condition of a write says. */
const holds = ({ headers }: IncomingMessage, held: Held | undefined): boolean => {
  const match = headers['if-match']
  if (headers['if-none-match'] === '*') return held === undefined
  return match === undefined || match.replaceAll('"', '') === held?.etag
}

const write = async (key: string, incoming: IncomingMessage): Promise<Answer> => {
  const bytes = await buffer(incoming)
  if (!holds(incoming, world.get(key))) return CHANGED
  const etag = createHash('md5').update(bytes).digest('hex')
  world.put(key, { size: bytes.byteLength, etag, modified: now(), bytes: () => bytes })
  return { status: 200, headers: { etag: `"${etag}"` } }
}

const answer = async (incoming: IncomingMessage, target: Target): Promise<Answer> => {
  const operation = route(incoming.method ?? '', target, incoming.headers) ?? 'Unknown'
  calls[operation] = (calls[operation] ?? 0) + 1
  const { key } = target
  switch (operation) {
    case 'ListObjectsV2':
      return list(target)
    case 'ListMultipartUploads':
      return {
        status: 200,
        body: `<ListMultipartUploadsResult ${NAMESPACE}><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`,
      }
    case 'GetObject':
    case 'HeadObject':
      return read(key, incoming)
    case 'PutObject':
      return write(key, incoming)
    case 'DeleteObject':
      if (!holds(incoming, world.get(key))) return CHANGED
      world.delete(key)
      return { status: 204 }
    case 'DeleteObjects': {
      const body = (await buffer(incoming)).toString()
      for (const [, each = ''] of body.matchAll(/<Key>([^<]*)<\/Key>/g)) world.delete(each)
      return { status: 200, body: `<DeleteResult ${NAMESPACE}></DeleteResult>` }
    }
    default:
      return { status: 501, body: '<Error><Code>NotImplemented</Code></Error>' }
  }
}

const respond = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { status, headers, body = '' } = await answer(incoming, parseTarget(incoming.url ?? '/'))
  const length = { 'content-length': `${Buffer.byteLength(body)}` }
  response.writeHead(status, {
    ...(status === 204 ? {} : length),
    ...headers,
    date: now().toUTCString(),
  })
  response.end(incoming.method === 'HEAD' ? undefined : body)
}

const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
  respond(incoming, response).catch((error: unknown) => {
    console.error(error)
    incoming.socket.destroy()
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const tell = (pushed = 0): void => {
  const told: Told = { endpoint, calls, pushed, residentBytes: process.memoryUsage.rss() }
  process.send?.(told)
}

process.on('message', (order: Order) => {
  if ('pass' in order) ahead += order.pass
  const pushed = 'push' in order ? world.push(now()) : 0
  tell(pushed)
  if ('count' in order) calls = {}
})
process.on('disconnect', () => process.exit())
tell()
