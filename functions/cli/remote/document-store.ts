/**
 * Documents of a registry, read and changed by its admin API in the terms of a store: an edit that somebody else was
 * faster with goes on from what is there now.
 *
 * @module
 */

import type { DocumentStore } from '../../auth/document.ts'
import {
  EVENT_RECEIVERS_KEY,
  GROUPS_KEY,
  ISSUERS_KEY,
  POLICY_KEY,
  QUOTAS_KEY,
  RETENTION_KEY,
  ROBOT_CLAIMS_KEY,
  UPSTREAMS_KEY,
} from '../../registry/layout.ts'
import { StoreError } from '../../storage/errors.ts'
import type { WriteCondition } from '../../storage/store.ts'
import { CommandError } from '../errors.ts'
import type { AdminApi } from './admin-api.ts'

/** Those that the API has, by the last part of their keys. */
const KEYS: readonly string[] = [
  POLICY_KEY,
  ISSUERS_KEY,
  GROUPS_KEY,
  ROBOT_CLAIMS_KEY,
  RETENTION_KEY,
  QUOTAS_KEY,
  EVENT_RECEIVERS_KEY,
  UPSTREAMS_KEY,
]

const pathOf = (key: string): string => {
  if (!KEYS.includes(key)) throw new CommandError(`${key} cannot be read from afar`)
  return `documents/${key.slice(key.lastIndexOf('/') + 1)}`
}

const headersOf = (condition: WriteCondition | undefined): Record<string, string> => {
  if (condition === undefined) return { 'If-Match': '*' }
  return 'ifMatch' in condition
    ? { 'If-Match': `"${condition.ifMatch}"` }
    : { 'If-None-Match': condition.ifNoneMatch }
}

/** The documents of a registry. */
export const documentsOf = ({ ask, origin }: Pick<AdminApi, 'ask' | 'origin'>): DocumentStore => ({
  async get(key) {
    const { status, headers, body } = await ask(pathOf(key), [200, 404])
    if (status === 404) return undefined
    const etag = headers.etag?.replace(/^(?:W\/)?"(.*)"$/, '$1')
    if (etag === undefined) throw new CommandError(`${origin} does not say which ${key} it has`)
    const size = body.byteLength
    const info = { size, etag, modified: new Date(), metadata: {} }
    return { info, start: 0, end: size - 1, body: [new Uint8Array(body)] }
  },
  async put(key, bytes, options) {
    const headers = {
      'Content-Type': 'text/plain; charset=utf-8',
      ...headersOf(options?.condition),
    }
    const question = { method: 'PUT', headers, body: bytes } as const
    const reply = await ask(pathOf(key), [204, 412], question)
    if (reply.status === 412) {
      throw new StoreError('precondition', `${key} was changed meanwhile at ${origin}`)
    }
    return { etag: reply.headers.etag?.replaceAll('"', '') ?? '' }
  },
})
