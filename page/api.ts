/**
 * Requests to the registry. What they answer is remembered for the next view that wants the same.
 *
 * @module
 */

import type { Catalog, Image, SessionState, TagPage } from './shapes.ts'

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
const get = <T>(path: string, again = false): Promise<T> => {
  const known = memory.get(path)
  if (known && !again && Date.now() - known.at < FRESH) return known.answer as Promise<T>
  const answer = send(path).then((response) => response.json())
  memory.set(path, { at: Date.now(), answer })
  answer.catch(() => memory.delete(path))
  return answer as Promise<T>
}

const query = (fields: Readonly<Record<string, string | number | undefined>>): string => {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return text === '' ? '' : `?${text}`
}

/** The path of a name of a repository: slashes stay. */
const pathOf = (name: string): string => name.split('/').map(encodeURIComponent).join('/')

export const getCatalog = (wanted: { q: string; sort: string; page: number }): Promise<Catalog> =>
  get(`/api/v1/catalog${query({ ...wanted, n: 50 })}`)

export const getTags = (
  name: string,
  { begins, last }: { begins?: string | undefined; last?: string | undefined },
  again = false,
): Promise<TagPage> => get(`/api/v1/tags/${pathOf(name)}${query({ begins, last, n: 50 })}`, again)

export const getImage = (name: string, reference: string): Promise<Image> =>
  get(`/api/v1/images/${pathOf(name)}${query({ reference })}`)

const SESSION = '/api/page/session'

export const getSession = async (): Promise<SessionState> => (await send(SESSION)).json()

export const signIn = (name: string, password: string): Promise<Response> =>
  send(SESSION, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name, password }),
  })

export const signOut = (): Promise<Response> => send(SESSION, { method: 'DELETE' })
