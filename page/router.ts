/**
 * Where somebody is in the page: in the part of the address after `#`, which no server sees.
 *
 * @module
 */

import { useEffect, useState } from 'preact/hooks'

export type Query = Readonly<Record<string, string>>

export type Route =
  | { readonly view: 'repositories'; readonly query: Query }
  | { readonly view: 'repository'; readonly name: string; readonly query: Query }
  | { readonly view: 'image'; readonly name: string; readonly reference: string }
  | { readonly view: 'admin'; readonly tab: string }
  | { readonly view: 'deleted'; readonly name: string }
  | { readonly view: 'going'; readonly name: string }
  | { readonly view: 'compare'; readonly name: string; readonly query: Query }
  | { readonly view: 'sign-in'; readonly query: Query }
  | { readonly view: 'nowhere' }

/** Characters of names, tags and digests stay readable. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/%(?:2F|3A|40)/gi, decodeURIComponent)

const withQuery = (path: string, query: Query): string => {
  const given = Object.entries(query).filter(([, value]) => value !== '')
  const text = new URLSearchParams(given).toString()
  return `#${path}${text === '' ? '' : `?${text}`}`
}

/** Links. */
export const toRepositories = (query: Query = {}): string => withQuery('/', query)
export const toRepository = (name: string, query: Query = {}): string =>
  withQuery(`/r/${escaped(name)}`, query)
export const toImage = (name: string, reference: string): string =>
  `#/r/${escaped(name)}${reference.includes(':') ? '@' : ':'}${escaped(reference)}`
export const toAdmin = (tab = 'usage'): string => withQuery(`/admin/${tab}`, {})
export const toDeleted = (name: string): string => withQuery(`/deleted/${escaped(name)}`, {})
export const toGoing = (name: string): string => withQuery(`/rules/${escaped(name)}`, {})
export const toCompare = (name: string, a: string, b: string): string =>
  withQuery(`/compare/${escaped(name)}`, { a, b })
export const toSignIn = (to: string): string => withQuery('/sign-in', { to })

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The route of an address's part after `#`. */
export const parseRoute = (hash: string): Route => {
  const [rawPath = '', rawQuery = ''] = hash.replace(/^#/, '').split(/\?(.*)/s)
  const path = decoded(rawPath)
  const query: Query = Object.fromEntries(new URLSearchParams(rawQuery))
  if (path === '' || path === '/') return { view: 'repositories', query }
  if (path === '/sign-in') return { view: 'sign-in', query }
  const [, compared] = /^\/compare\/(.+)$/.exec(path) ?? []
  if (compared !== undefined) return { view: 'compare', name: compared, query }
  const [, tab] = /^\/admin\/([a-z]+)$/.exec(path) ?? []
  if (tab !== undefined) return { view: 'admin', tab }
  const [, deleted] = /^\/deleted\/(.+)$/.exec(path) ?? []
  if (deleted !== undefined) return { view: 'deleted', name: deleted }
  const [, going] = /^\/rules\/(.+)$/.exec(path) ?? []
  if (going !== undefined) return { view: 'going', name: going }
  const [, name, digest, tag] = /^\/r\/([^:@]+)(?:@(.+)|:(.+))?$/.exec(path) ?? []
  if (name === undefined) return { view: 'nowhere' }
  const reference = digest ?? tag
  if (reference === undefined) return { view: 'repository', name, query }
  return { view: 'image', name, reference }
}

/** Goes somewhere. @param replaces whether the way back leads to where one was before */
export const go = (to: string, replaces = false): void => {
  if (replaces) location.replace(to)
  else location.hash = to
}

/** Where somebody is. */
export const useHash = (): string => {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const look = () => setHash(location.hash)
    addEventListener('hashchange', look)
    return () => removeEventListener('hashchange', look)
  }, [])
  return hash
}
