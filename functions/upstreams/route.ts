/**
 * Which upstream a repository is had from.
 *
 * One name has one meaning: the upstream with the longest prefix alone decides, and a repository that it does not
 * have is this registry's own. Falling back to a shorter prefix would turn a name that was denied into one of
 * somebody else's.
 *
 * @module
 */

import { isName } from '../registry/reference.ts'
import { componentOf, hostInComponent, hostNamed, originOf, repositoryAt } from './hosts.ts'
import type { Upstream } from './parse.ts'

/** Where a repository comes from, and where it is kept. */
export interface Route {
  readonly upstream: Upstream
  readonly host: string
  /** Scheme and host of its API. */
  readonly origin: string
  /** What the upstream calls it. */
  readonly repository: string
  /** Its one name here, however it was asked for. */
  readonly local: string
  /** Registries that the request has come through: see `client/via.ts`. */
  readonly via?: string
}

/** `own`: it is a repository of this registry. `unknown`: a client asks for a host that is none of the upstreams. */
export type Routing = Route | 'own' | 'unknown'

/**
 * Finds the upstream of a repository.
 *
 * @param name as in the request's path
 * @param namespace the host that the client really wants, if it says so (`?ns=`, `OCI-Namespace`); it must not be
 *   a name of this registry itself. The name then is the one that the host has for the repository, without prefix
 */
export type RouteOf = (name: string, namespace?: string) => Routing

const joined = (...parts: readonly string[]): string =>
  parts.filter((part) => part !== '').join('/')

const routeTo = (upstream: Upstream, host: string, name: string): Route | undefined => {
  const repository = repositoryAt(host, name)
  const fixed = upstream.host !== undefined
  const local = joined(upstream.prefix, fixed ? '' : componentOf(host), repository)
  if (!upstream.has(host, repository) || !isName(local)) return undefined
  return { upstream, host, origin: upstream.origin ?? originOf(host), repository, local }
}

/** What of a name follows a prefix; undefined where it does not begin with it. */
const after = (prefix: string, name: string): string | undefined => {
  if (prefix === '') return name
  return name.startsWith(`${prefix}/`) ? name.slice(prefix.length + 1) : undefined
}

/** Of one prefix: whichever takes names that begin with a host comes first, and then has them alone. */
const byPrefix = (a: Upstream, b: Upstream): number =>
  b.prefix.length - a.prefix.length || Number(a.host !== undefined) - Number(b.host !== undefined)

/** One that names the host goes before one that any host may be had from. */
const byHost = (a: Upstream, b: Upstream): number =>
  Number(a.host === undefined) - Number(b.host === undefined)

/** Compiles the upstreams of a document. */
export const routing = (upstreams: readonly Upstream[]): RouteOf => {
  const ordered = upstreams.toSorted(byPrefix)
  const named = upstreams.toSorted(byHost)

  const ofName = (name: string): Route | undefined => {
    const longest = ordered.find(({ prefix }) => after(prefix, name) !== undefined)?.prefix
    const rest = after(longest ?? '', name) ?? ''
    const [component = '', ...more] = rest.split('/')
    for (const upstream of ordered.filter(({ prefix }) => prefix === longest)) {
      if (upstream.host !== undefined) return routeTo(upstream, upstream.host, rest)
      const host = hostInComponent(component)
      if (host !== undefined && more.length > 0) return routeTo(upstream, host, more.join('/'))
    }
    return undefined
  }

  /** What is kept under a name must be what the name means: else one upstream's images would be another's. */
  const leadsBack = ({ upstream, host, repository, local }: Route): boolean => {
    const back = ofName(local)
    return back?.upstream === upstream && back.host === host && back.repository === repository
  }

  const ofNamespace = (name: string, namespace: string): Route | undefined => {
    const host = hostNamed(namespace)
    if (host === undefined) return undefined
    const routes = named.map((upstream) => routeTo(upstream, host, name))
    return routes.find((route) => route !== undefined && leadsBack(route))
  }

  return (name, namespace) =>
    namespace === undefined ? (ofName(name) ?? 'own') : (ofNamespace(name, namespace) ?? 'unknown')
}
