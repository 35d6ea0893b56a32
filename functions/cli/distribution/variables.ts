/**
 * The variables that distribution reads, and what a server says of them, which ignores them.
 *
 * @module
 */

/** An environment. */
export type Env = Readonly<Record<string, string | undefined>>

/** What its keys begin with. Others, such as REGISTRY_PORT of a service in Kubernetes, may be anything. */
const FIRST = [
  ...['VERSION', 'LOG', 'LOGLEVEL', 'STORAGE', 'AUTH', 'MIDDLEWARE', 'REPORTING', 'HTTP'],
  ...['NOTIFICATIONS', 'REDIS', 'HEALTH', 'CATALOG', 'TAGS', 'PROXY', 'COMPATIBILITY'],
  ...['VALIDATION', 'POLICY'],
]

/** Variables that distribution reads, in the order in which it does: what is more particular comes last. */
export const variablesOf = (env: Env): readonly string[] =>
  Object.keys(env)
    .filter((name) => env[name] !== undefined)
    .filter((name) => FIRST.some((first) => new RegExp(`^REGISTRY_${first}(?:_|$)`).test(name)))
    .sort()

/** Said by a server that has such variables; undefined where there are none. @param slipway how it is called */
export const ignoredNote = (env: Env, slipway: string): string | undefined => {
  const names = variablesOf(env)
  if (names.length === 0) return undefined
  const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and others` : names.join(', ')
  return `${shown}: settings of distribution are ignored here. ${slipway} config import --env says what they are called.`
}
