/**
 * What may be done to what, in the terms of the Docker token specification's scopes:
 * `repository:<name>:pull,push` and `registry:catalog:*`.
 *
 * @module
 */

import * as z from 'zod'

/** What is done to a repository. */
export type Action = 'pull' | 'push' | 'delete'

export const ACTIONS: readonly Action[] = ['pull', 'push', 'delete']

/** One entry of a token's `access` claim, and of what a client asks for. */
export interface Access {
  /** `repository` or `registry`; others are kept out of grants. */
  readonly type: string
  readonly name: string
  /** Actions, or `*` for all. */
  readonly actions: readonly string[]
}

/**
 * Reads a `scope` value: several are separated by spaces, and names may hold colons, as in a host
 * with a port. The class in `repository(plugin)` is ignored. What is no scope is left out.
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

/** Writes a scope as a challenge names it. */
export const formatScope = ({ type, name, actions }: Access): string =>
  `${type}:${name}:${actions.join(',')}`

/** Whether a list of grants holds an action on something; `*` stands for every action. */
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
      (each.actions.includes(action) || each.actions.includes('*')),
  )

const entry = z.object({
  type: z.string().min(1),
  name: z.string().min(1),
  actions: z.array(z.string()),
})

/**
 * Reads an `access` claim (Docker token specification, "Token Response Fields"). Entries that are
 * not as they must be grant nothing, and neither does a claim that is no list.
 */
export const readAccess = (claim: unknown): Access[] =>
  (Array.isArray(claim) ? claim : []).flatMap((value: unknown) => {
    const parsed = entry.safeParse(value)
    return parsed.success ? [parsed.data] : []
  })

/** The same grants with one entry for each thing, each action once, and none without actions. */
export const mergeAccess = (access: readonly Access[]): Access[] => {
  const merged = new Map<string, Access>()
  for (const { type, name, actions } of access) {
    const key = `${type}:${name}`
    const before = merged.get(key)?.actions ?? []
    merged.set(key, { type, name, actions: [...new Set([...before, ...actions])] })
  }
  return [...merged.values()].filter(({ actions }) => actions.length > 0)
}
