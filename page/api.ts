/**
 * Requests to the registry. What they answer is remembered for the next view that wants the same.
 *
 * @module
 */

import type {
  Catalog,
  DeletePreview,
  Deletes,
  Image,
  SessionState,
  TagPage,
  Undeleted,
} from './shapes.ts'

/** Marks requests of the page: no other site can make a browser send it. */
const HEADERS = { 'X-Slipway-Page': '1', Accept: 'application/json' }

/** Milliseconds for which an answer serves again, as when somebody goes back. */
const FRESH = 15_000

/** Why there is no answer. Status 0: the registry could not be reached. */
export class ApiError extends Error {
  readonly status: number
  readonly requestId: string | undefined

  constructor(status: number, message: string, requestId?: string) {
    super(message)
    this.status = status
    this.requestId = requestId
  }
}

/** What the registry says of a failure, in its own form. */
const failureOf = async (response: Response): Promise<ApiError> => {
  const body: unknown = await response.json().catch(() => undefined)
  const { errors } = (body ?? {}) as {
    errors?: readonly { message?: unknown; detail?: { requestId?: unknown } }[]
  }
  const [first] = errors ?? []
  const id = first?.detail?.requestId
  const message = typeof first?.message === 'string' ? first.message : response.statusText
  return new ApiError(response.status, message, typeof id === 'string' ? id : undefined)
}

/** Sends a request. @throws ApiError */
export const send = async (path: string, init: RequestInit = {}): Promise<Response> => {
  let response: Response
  try {
    response = await fetch(path, { ...init, headers: { ...HEADERS, ...init.headers } })
  } catch {
    throw new ApiError(0, 'The registry cannot be reached.')
  }
  if (!response.ok) throw await failureOf(response)
  return response
}

const memory = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>()

/** Forgets all answers: somebody else asks from now on. */
export const forget = (): void => memory.clear()

/** An answer in JSON. @param again whether what is remembered does not serve */
export const get = <T>(path: string, again = false): Promise<T> => {
  const known = memory.get(path)
  if (known && !again && Date.now() - known.at < FRESH) return known.answer as Promise<T>
  const answer = send(path).then((response) => response.json())
  memory.set(path, { at: Date.now(), answer })
  answer.catch(() => memory.delete(path))
  return answer as Promise<T>
}

export const query = (fields: Readonly<Record<string, string | number | undefined>>): string => {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return text === '' ? '' : `?${text}`
}

/** The path of a name of a repository: slashes stay. */
export const pathOf = (name: string): string => name.split('/').map(encodeURIComponent).join('/')

/** Repositories that were deleted here, and until when the registry may still list them. */
const gone = new Map<string, number>()

export const getCatalog = async (wanted: {
  readonly q: string
  readonly sort: string
  readonly page: number
}): Promise<Catalog> => {
  const catalog = await get<Catalog>(`/api/v1/catalog${query({ ...wanted, n: 50 })}`)
  const repositories = catalog.repositories.filter(({ name }) => (gone.get(name) ?? 0) < Date.now())
  return { ...catalog, repositories }
}

export const getTags = (
  name: string,
  { begins, last }: { begins?: string | undefined; last?: string | undefined },
  again = false,
): Promise<TagPage> => get(`/api/v1/tags/${pathOf(name)}${query({ begins, last, n: 50 })}`, again)

export const getImage = (name: string, reference: string): Promise<Image> =>
  get(`/api/v1/images/${pathOf(name)}${query({ reference })}`)

/** A write, in JSON. */
export const write = (
  method: string,
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  send(path, {
    method,
    headers: { ...headers, ...(body && { 'Content-Type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })

/** @param reference absent: of the whole repository */
export const getDeletePreview = (
  name: string,
  reference: string | undefined,
): Promise<DeletePreview> =>
  get(`/api/v1/delete-preview/${pathOf(name)}${query({ reference })}`, true)

/** @param override whether immutable tags go, too: only where somebody was told so */
export const removeImage = (
  name: string,
  reference: string,
  override: boolean,
): Promise<Response> =>
  write('DELETE', `/api/v1/images/${pathOf(name)}${query({ reference, override: `${override}` })}`)

/** @param override as for an image */
export const removeRepository = async (name: string, override: boolean): Promise<void> => {
  await write('DELETE', `/api/v1/repositories/${pathOf(name)}${query({ override: `${override}` })}`)
  gone.set(name, Date.now() + FRESH)
}

/** The query of the next page, as the answer's Link has it. */
const nextOf = (response: Response): string | undefined =>
  response.headers.get('Link')?.match(/\?([^>]*)>; rel="next"/)?.[1]

/** A page of deletes, the latest first. @param next as the page before has it */
export const getDeletes = async (name: string, next?: string): Promise<Deletes> => {
  const response = await send(`/api/v1/deleted/${pathOf(name)}${next ? `?${next}` : ''}`)
  return { ...(await response.json()), next: nextOf(response) }
}

export const undelete = async (wanted: {
  readonly repository: string
  readonly tag?: string
  readonly digest?: string
}): Promise<Undeleted> => {
  const response = await write('POST', '/api/v1/undelete', wanted)
  gone.delete(wanted.repository)
  return response.json()
}

const SESSION = '/api/page/session'

export const getSession = async (): Promise<SessionState> => (await send(SESSION)).json()

export const signIn = (name: string, password: string): Promise<Response> =>
  write('POST', SESSION, { name, password })

export const signOut = (): Promise<Response> => send(SESSION, { method: 'DELETE' })
