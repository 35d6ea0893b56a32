/**
 * What may be done to what, in terms of the Docker token specification's scopes:
 * `repository:<name>:pull,push` and `registry:catalog:*`.
 *
 * @module
 */

import * as z from '../shared/schema.ts'

/**
 * What can be done to a repository. `override` is to move and delete immutable tags, beside the action
 * itself; no `*` includes it, and tokens of this registry do not say it: the policy is asked. `admin` is the
 * administration of what a rule is about; no `*` includes it either, and tokens have {@link ADMIN_SCOPE} for it.
 * `fetch` is to have an upstream asked for what is not here: whoever pulls may, unless a rule denies it; tokens do not
 * say it.
 */
export type Action = 'pull' | 'push' | 'delete' | 'override' | 'admin' | 'fetch'

/** The actions that `*` stands for. */
export const ACTIONS: readonly Action[] = ['pull', 'push', 'delete']

/** One entry of a token's `access` claim, or one requested scope. */
export interface Access {
  /** `repository` or `registry`; others are never granted. */
  readonly type: string
  readonly name: string
  /** Actions, or `*` for all. */
  readonly actions: readonly string[]
}

/**
 * Reads `scope` values. One value may contain several scopes separated by spaces; names may contain
 * colons, as in a host with a port. The class in `repository(plugin)` is ignored, and so is whatever
 * is not a scope.
 */
export const parseScopes = (values: readonly string[]): Access[] =>
  values
    .flatMap((value) => value.split(' '))
    .flatMap((scope) => {
      const match = scope.match(/^([a-z0-9]+)(?:\([a-z0-9]+\))?:(.+):([a-z*,]*)$/)
      if (!match) return []
      const [, type = '', name = '', actions = ''] = match
      return [{ type, name, actions: [...new Set(actions.split(',').filter(Boolean))] }]
    })

/** The scope of a token for the administration, whatever of it its bearer may do. */
export const ADMIN_SCOPE: Access = { type: 'registry', name: 'admin', actions: ['*'] }

/** Writes a scope as it stands in a challenge. */
export const formatScope = ({ type, name, actions }: Access): string =>
  `${type}:${name}:${actions.join(',')}`

const WORDS: Readonly<Record<string, string>> = {
  pull: 'pull from',
  push: 'push to',
  delete: 'delete in',
}

/** What a scope is about, for people: `push to library/alpine`. Whoever pushes also pulls. */
export const inWords = ({ type, name, actions }: Access): string => {
  if (type === 'repository') return `${WORDS[actions.at(-1) ?? ''] ?? 'use'} ${name}`
  return name === ADMIN_SCOPE.name ? 'administer the registry' : 'list the repositories'
}

/** Whether a list of grants includes an action on something; `*` includes all of {@link ACTIONS}. */
export const grants = (
  access: readonly Access[],
  type: string,
  name: string,
  action: string,
): boolean =>
  access.some(
    (each) =>
      each.type === type &&
      each.name === name &&
      (each.actions.includes(action) ||
        (action !== 'override' && action !== 'admin' && each.actions.includes('*'))),
  )

const entry = z.object({
  type: z.string().check(z.minLength(1)),
  name: z.string().check(z.minLength(1)),
  actions: z.array(z.string()),
})

/**
 * Reads an `access` claim (Docker token specification, "Token Response Fields"). Malformed entries
 * grant nothing, and neither does a claim that is not a list.
 */
export const readAccess = (claim: unknown): Access[] =>
  (Array.isArray(claim) ? claim : []).flatMap((value: unknown) => {
    const parsed = entry.safeParse(value)
    return parsed.success ? [parsed.data] : []
  })

/**
 * The same grants with one entry for each resource, each action once, and no entry without actions.
 */
export const mergeAccess = (access: readonly Access[]): Access[] => {
  const merged = new Map<string, Access>()
  for (const { type, name, actions } of access) {
    const key = `${type}:${name}`
    const before = merged.get(key)?.actions ?? []
    merged.set(key, { type, name, actions: [...new Set([...before, ...actions])] })
  }
  return [...merged.values()].filter(({ actions }) => actions.length > 0)
}
