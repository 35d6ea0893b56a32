/**
 * The small text documents of access control in the store: read whole, changed by compare-and-swap.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { DocumentError } from '../shared/errors.ts'
import type { z } from '../shared/schema.ts'
import { discard, readAll } from '../storage/bytes.ts'
import { isStoreError } from '../storage/errors.ts'
import type { ObjectStore, WriteCondition } from '../storage/store.ts'

/** Most bytes of a document: about fifty thousand accounts. */
export const MAX_DOCUMENT_SIZE = 4 * 1024 * 1024

/** How often a change is attempted when others change the document at the same time. */
const ATTEMPTS = 100
/** Most milliseconds between two attempts. */
const PAUSE = 100

/** What documents are read from. */
export type DocumentSource = Pick<ObjectStore, 'get'>

/** Where documents are, to be read and changed. */
export type DocumentStore = Pick<ObjectStore, 'get' | 'put'>

interface Stored {
  readonly text: string
  readonly etag: string
}

const read = async (store: DocumentSource, key: string): Promise<Stored | undefined> => {
  const object = await store.get(key)
  if (object === undefined) return undefined
  const { body, info } = object
  if (info.size > MAX_DOCUMENT_SIZE) {
    discard(body)
    throw new DocumentError(
      `${key} has ${info.size} bytes, at most ${MAX_DOCUMENT_SIZE} are allowed`,
    )
  }
  const bytes = await readAll(body, MAX_DOCUMENT_SIZE)
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), etag: info.etag }
  } catch (cause) {
    throw new DocumentError(`${key} is not UTF-8`, { cause })
  }
}

/**
 * The text of a document, or undefined if there is none.
 *
 * @throws StoreError when the store fails, DocumentError for one too large or not UTF-8
 */
export const readDocument = async (
  store: DocumentSource,
  key: string,
): Promise<string | undefined> => (await read(store, key))?.text

/**
 * Reads a document that commands write, in JSON.
 *
 * @param what how messages call it
 * @throws DocumentError that says where it is wrong
 */
export const parseJsonDocument = <T>(what: string, text: string, schema: z.ZodMiniType<T>): T => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // Without the cause, which would quote the text around the mistake.
    throw new DocumentError(`${what}: expected JSON`)
  }
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new DocumentError(`${what}: ${issue?.path.join('.')}: ${issue?.message}`)
}

/** Changes a document in a store; see {@link editDocument}. */
export type Edit = (
  key: string,
  change: (text: string | undefined) => string | undefined,
) => Promise<boolean>

/**
 * Changes a document so that no change made at the same time is lost.
 *
 * @param change returns the new text for the current one (undefined: there is no document), or
 *   undefined to leave it as it is; may be called several times, and what it throws is passed on
 * @param before is awaited right before each attempt to write, with the text
 * @returns whether anything was written
 * @throws StoreError when the store fails, DocumentError for a document too large or not UTF-8
 */
export const editDocument = async (
  store: DocumentStore,
  key: string,
  change: Parameters<Edit>[1],
  before?: (text: string) => Promise<void>,
): Promise<boolean> => {
  for (let attempt = 1; ; attempt++) {
    const stored = await read(store, key)
    const text = change(stored?.text)
    if (text === undefined || text === stored?.text) return false
    const bytes = new TextEncoder().encode(text)
    if (bytes.byteLength > MAX_DOCUMENT_SIZE) {
      throw new DocumentError(`${key} would have more than ${MAX_DOCUMENT_SIZE} bytes`)
    }
    await before?.(text)
    const condition: WriteCondition = stored ? { ifMatch: stored.etag } : { ifNoneMatch: '*' }
    try {
      await store.put(key, bytes, { condition })
      return true
    } catch (error) {
      if (!isStoreError(error, 'precondition') || attempt === ATTEMPTS) throw error
    }
    await sleep(Math.random() * PAUSE)
  }
}
