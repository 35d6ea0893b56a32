/**
 * A store in memory, each operation of which is one moment: what the explorer runs the registry on.
 *
 * @module
 */
import { createHash, randomUUID } from 'node:crypto'
import { UPLOADS_PREFIX } from '../../functions/registry/layout.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import type {
  ByteRange,
  ListOptions,
  ListPage,
  MultipartUpload,
  ObjectInfo,
  ObjectStore,
  OpenMultipart,
  Part,
  PutOptions,
  WriteCondition,
} from '../../functions/storage/store.ts'

/** What a service may differ in. */
export interface Service {
  /** What a version says: the content, as on S3, or the write, as where there are versions or files. */
  readonly etags: 'content' | 'write'
  /** Whether a delete can have a condition. If not, a version is looked at, then deleted. */
  readonly conditionalDeletes: boolean
}

interface Stored extends ObjectInfo {
  readonly bytes: Uint8Array<ArrayBuffer>
}

interface Open extends OpenMultipart {
  readonly parts: Map<number, Part & { readonly bytes: Uint8Array }>
}

/** When everything is written: the registry's clock in the runs stands still, too. */
export const NOW = Date.UTC(2030, 0, 1)

/** A store, and a copy of it that changes by itself. */
export interface Model {
  readonly store: ObjectStore
  copy(): Model
  /** What it goes by; a copy has a clock of its own. */
  readonly clock: { now: number }
  /** All that is in it, as text; what differs from run to run by chance is left out. */
  contents(): string
}

/** Nonces, how long something took, and what notes of deletes are named by. */
const CHANCE =
  /(?<= deleted )[0-9a-f]{16}(?: \d+)?|(?<=(?:condemned|claimed|gone|rescued) )[0-9a-f]{16}|(?<=unconfirmed":")[0-9a-f]{16}|(?<=\d{15}-)[0-9a-f]{16}-\d{4}|(?<="(?:id|nonce)":")[0-9a-f]{16}/g

/** Bytes from which on contents are told by their sum. */
const LARGE = 4096

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

const textOf = (bytes: Uint8Array): string =>
  bytes.byteLength < LARGE ? Buffer.from(bytes).toString('latin1') : md5(bytes)

const range = (size: number, wanted: ByteRange | undefined): { start: number; end: number } => {
  if (wanted === undefined) return { start: 0, end: size - 1 }
  if ('suffix' in wanted) return { start: Math.max(0, size - wanted.suffix), end: size - 1 }
  return { start: wanted.start, end: Math.min(wanted.end ?? size - 1, size - 1) }
}

const page = (keys: readonly string[], prefix: string, options: ListOptions): string[] => {
  const { delimiter, startAfter = '', limit = 1000 } = options
  const entries = keys
    .filter((key) => key.startsWith(prefix) && key > startAfter)
    .map((key) => {
      const cut = delimiter === undefined ? -1 : key.indexOf('/', prefix.length)
      return cut === -1 ? key : key.slice(0, cut + 1)
    })
  return [...new Set(entries)].slice(0, limit + 1)
}

/** What a model holds. */
interface Held {
  readonly objects: ReadonlyMap<string, Stored>
  readonly uploads: ReadonlyMap<string, Open>
  readonly writes: number
}

const NOTHING: Held = { objects: new Map(), uploads: new Map(), writes: 0 }

/**
 * A model of a service with what another one holds.
 *
 * @param clock in milliseconds
 */
export const createModel = (
  service: Service,
  held: Held = NOTHING,
  clock: { now: number } = { now: NOW },
): Model => {
  const objects = new Map(held.objects)
  const uploads = new Map<string, Open>()
  for (const [id, { parts, ...upload }] of held.uploads) {
    uploads.set(id, { ...upload, parts: new Map(parts) })
  }
  let { writes } = held

  const write = (key: string, bytes: Uint8Array, metadata = {}): { etag: string } => {
    const etag = service.etags === 'content' ? md5(bytes) : `${md5(bytes)}-${++writes}`
    const copy = new Uint8Array(bytes)
    const modified = new Date(clock.now)
    const version = service.etags === 'write' ? { version: etag } : {}
    objects.set(key, { bytes: copy, size: copy.byteLength, etag, ...version, modified, metadata })
    return { etag }
  }

  const check = (key: string, condition: WriteCondition | undefined): void => {
    if (condition === undefined) return
    const etag = objects.get(key)?.etag
    const holds = 'ifMatch' in condition ? etag === condition.ifMatch : etag === undefined
    if (!holds) throw new StoreError('precondition', `write ${key}`)
  }

  const openUpload = ({ id }: MultipartUpload): Open => {
    const open = uploads.get(id)
    if (open === undefined) throw new StoreError('multipart', `no upload ${id}`)
    return open
  }

  const store: ObjectStore = {
    lastCalls: { unavailable: 0, failedAt: 0, resent: 0 },
    async get(key, wanted) {
      const found = objects.get(key)
      if (found === undefined) return undefined
      const { start, end } = range(found.size, wanted)
      if (wanted !== undefined && start > end) throw new StoreError('range', key)
      return { info: found, start, end, body: [found.bytes.slice(start, end + 1)] }
    },
    head: async (key) => objects.get(key),
    async put(key, body, { condition, metadata = {}, inTime }: PutOptions = {}) {
      if (inTime?.() === false) throw new StoreError('late', `put ${key}`)
      check(key, condition)
      return write(key, body, metadata)
    },
    async copy(from, to, _size, etag) {
      const found = objects.get(from)
      if (found === undefined || (etag ?? found.etag) !== found.etag) {
        throw new StoreError('missing', from)
      }
      write(to, found.bytes)
    },
    async delete(keys) {
      for (const key of keys) objects.delete(key)
    },
    async deleteIf(key, etag) {
      check(key, { ifMatch: etag })
      objects.delete(key)
    },
    async deleteVersion(key, version) {
      return objects.get(key)?.version === version && objects.delete(key)
    },
    async deleteOnce(key) {
      objects.delete(key)
    },
    deletesExactly: async () => service.conditionalDeletes,
    async list(prefix, options: ListOptions = {}): Promise<ListPage> {
      const { limit = 1000, delimiter } = options
      const entries = page([...objects.keys()].sort(), prefix, options)
      const shown = entries.slice(0, limit)
      const isPrefix = (entry: string) => delimiter !== undefined && entry.endsWith('/')
      return {
        objects: shown.flatMap((key) => {
          const found = isPrefix(key) ? undefined : objects.get(key)
          return found
            ? [{ key, size: found.size, etag: found.etag, modified: found.modified }]
            : []
        }),
        prefixes: shown.filter(isPrefix),
        truncated: entries.length > limit,
      }
    },
    async createMultipart(key) {
      const started = new Date(clock.now)
      const upload = { key, id: randomUUID(), started, parts: new Map() }
      uploads.set(upload.id, upload)
      return { key, id: upload.id }
    },
    async uploadPart(upload, number, body) {
      const sha256 = createHash('sha256').update(body).digest('hex')
      const part = { number, etag: md5(body), size: body.byteLength, sha256 }
      openUpload(upload).parts.set(number, { ...part, bytes: new Uint8Array(body) })
      return part
    },
    async listParts(upload) {
      return [...openUpload(upload).parts.values()].sort((a, b) => a.number - b.number)
    },
    async completeMultipart(upload, parts) {
      const open = openUpload(upload)
      uploads.delete(upload.id)
      return write(
        upload.key,
        Buffer.concat(parts.map(({ number }) => open.parts.get(number)!.bytes)),
      )
    },
    async abortMultipart({ id }) {
      return uploads.delete(id)
    },
    // Whoever has the URL sends the part by `uploadPart`; only true bytes are sent here.
    presignPart: async (upload, number) => ({
      url: JSON.stringify({ upload, number }),
      headers: {},
    }),
    provesParts: async () => true,
    async listMultiparts(prefix) {
      const open = [...uploads.values()].filter(({ key }) => key.startsWith(prefix))
      return open.map(({ key, id, started }) => ({ key, id, started }))
    },
  }
  return {
    store,
    clock,
    copy: () => createModel(service, { objects, uploads, writes }, { ...clock }),
    contents: () =>
      [...objects]
        .map(([key, { bytes }]) => `${key} ${textOf(bytes)}`)
        .filter((line) => !line.startsWith(UPLOADS_PREFIX))
        .map((line) => line.replaceAll(CHANCE, '*'))
        .sort()
        .join('\n'),
  }
}
