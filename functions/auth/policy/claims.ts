/**
 * How a rule names the claims of another issuer's token.
 *
 * @module
 */

import { matchTokens, wildcardTokens } from '../../shared/glob.ts'

/** The accepted forms, for messages. */
export const EXPECTED_CLAIM =
  'expected claim:<path>=<value>, as in claim:realm_access.roles=admin, or with !=, ~ (a pattern) or !~'

/** One demand on a token's claims. */
export interface ClaimDemand {
  /** Leads into objects. */
  readonly path: readonly string[]
  /** Whether none of the values may be as it says, rather than one must. */
  readonly negated: boolean
  /** Whether a value, as text, is as the rule says. */
  matches(value: string): boolean
}

/** Reads what follows `claim:`. @returns undefined for what is not one */
export const readClaim = (text: string): ClaimDemand | undefined => {
  const [, name, operator, value] = text.match(/^(.+?)(!=|!~|=|~)(.+)$/su) ?? []
  const path = name?.split('.')
  if (path === undefined || path.includes('') || operator === undefined || value === undefined) {
    return undefined
  }
  const tokens = operator.endsWith('~') ? wildcardTokens(value) : undefined
  return {
    path,
    negated: operator.startsWith('!'),
    matches: (claim) => (tokens === undefined ? claim === value : matchTokens(tokens, claim)),
  }
}

const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value)

/**
 * The values of claims at a path, as text. Names that contain dots, such as `kubernetes.io`, are found, too:
 * every way of splitting the path is tried.
 */
export const claimValues = (claims: object, path: readonly string[]): string[] =>
  path.flatMap((_, index) => {
    const name = path.slice(0, index + 1).join('.')
    if (!Object.hasOwn(claims, name)) return []
    const claim: unknown = Reflect.get(claims, name)
    const rest = path.slice(index + 1)
    if (rest.length === 0) return [claim].flat().filter(isScalar).map(String)
    const isObject = typeof claim === 'object' && claim !== null && !Array.isArray(claim)
    return isObject ? claimValues(claim, rest) : []
  })

/** Whether claims are as a rule demands. Nothing is demanded in vain: a claim that is absent is never as it says. */
export const claimHolds = (claims: object, { path, negated, matches }: ClaimDemand): boolean => {
  const values = claimValues(claims, path)
  return negated ? values.length > 0 && !values.some(matches) : values.some(matches)
}
