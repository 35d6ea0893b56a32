/**
 * Requests of those who administer.
 *
 * @module
 */

import { ApiError, get, pathOf, query, send, write } from './api.ts'
import type {
  Change,
  DeletedRepository,
  MadeRobot,
  PolicyDecisions,
  RetentionPreview,
  Robot,
  StagedUpload,
  Usage,
  User,
} from './shapes.ts'

const AT = '/api/v1'

export const getUsage = (): Promise<Usage> => get(`${AT}/usage?n=1000`, true)
export const getUploads = (): Promise<{
  readonly uploads: readonly StagedUpload[]
  readonly complete: boolean
}> => get(`${AT}/uploads`, true)
export const getDeletedRepositories = (): Promise<{
  readonly repositories: readonly DeletedRepository[]
}> => get(`${AT}/deleted`, true)
export const getChanges = (): Promise<{ readonly changes: readonly Change[] }> =>
  get(`${AT}/changes`, true)
export const getUsers = (): Promise<{
  readonly users: readonly User[]
  readonly leftOut: readonly string[]
}> => get(`${AT}/users?n=1000`, true)
export const getRobots = (): Promise<{ readonly robots: readonly Robot[] }> =>
  get(`${AT}/robots?n=1000`, true)

const named = (kind: string, name: string): string => `${AT}/${kind}/${encodeURIComponent(name)}`

/** Sets a password; with `fresh` the user must not be there yet. */
export const putUser = (name: string, password: string, fresh: boolean): Promise<Response> =>
  write(
    'PUT',
    named('users', name),
    { password },
    fresh ? { 'If-None-Match': '*' } : { 'If-Match': '*' },
  )
export const removeUser = (name: string): Promise<Response> => write('DELETE', named('users', name))

export const addRobot = async (name: string): Promise<MadeRobot> =>
  (await write('POST', `${AT}/robots`, { name })).json()
export const rotateRobot = async (name: string): Promise<MadeRobot> =>
  (await write('POST', `${named('robots', name)}/secrets`, {})).json()
export const removeRobot = (name: string): Promise<Response> =>
  write('DELETE', named('robots', name))

/** A document as it is stored, and what names this state of it. */
export interface StoredDocument {
  readonly text: string
  /** Absent where there is none yet. */
  readonly etag?: string | undefined
}

export const getDocument = async (name: string): Promise<StoredDocument> => {
  try {
    const response = await send(named('documents', name), { headers: { Accept: '*/*' } })
    return { text: await response.text(), etag: response.headers.get('ETag') ?? undefined }
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { text: '' }
    throw error
  }
}

/** Replaces what was read, and nothing that somebody else has written since. */
export const putDocument = (name: string, text: string, etag?: string): Promise<Response> =>
  send(named('documents', name), {
    method: 'PUT',
    headers: {
      'Content-Type': 'application/yaml',
      ...(etag === undefined ? { 'If-None-Match': '*' } : { 'If-Match': etag }),
    },
    body: text,
  })

/** Asks by what is stored, or by a text that is sent along. */
const tried = async <T>(path: string, text: string | undefined): Promise<T> => {
  const init =
    text === undefined
      ? {}
      : { method: 'POST', headers: { 'Content-Type': 'application/yaml' }, body: text }
  return (await send(path, init)).json()
}

/** @param text absent: the policy in force */
export const testPolicy = (
  wanted: { readonly as: string; readonly repository: string },
  text: string | undefined,
): Promise<PolicyDecisions> => tried(`${AT}/policy-test${query(wanted)}`, text)

/** @param text absent: the rules in force */
export const previewRetention = (
  name: string,
  text: string | undefined,
): Promise<RetentionPreview> => tried(`${AT}/retention-preview/${pathOf(name)}`, text)
