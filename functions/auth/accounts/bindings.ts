/**
 * Robots that log in with tokens of other issuers: each is bound to claims, which a token must have to stand for the
 * robot's secret. They have a document of their own, which version 1.0 does not look at: there, such a token is
 * nobody's.
 *
 * @module
 */

import { ROBOT_CLAIMS_KEY } from '../../registry/layout.ts'
import { DocumentError, quoted } from '../../shared/errors.ts'
import * as z from '../../shared/schema.ts'
import { parseJsonDocument } from '../document.ts'
import { type Live, type LiveOptions, liveDocument } from '../live.ts'
import { type ClaimDemand, claimHolds, claimValues, readClaim } from '../policy/claims.ts'
import { robotNameFault } from './names.ts'

/** Most claims that a robot is bound to. */
const MOST_CLAIMS = 20

/** Claims as written, by the robot's name without `robot+`. */
export type WrittenBindings = ReadonlyMap<string, readonly string[]>

const schema = z.strictObject({
  version: z.literal(1),
  robots: z.array(
    z.strictObject({
      name: z
        .string()
        .check(z.refine((name) => robotNameFault(name) === undefined, 'is not a valid robot name')),
      claims: z.array(z.string()),
    }),
  ),
})

/** The issuer that claims name; undefined if they name none, or not exactly. */
const issuerOf = (claims: readonly string[]): string | undefined =>
  claims.map((claim) => claim.match(/^iss=(.+)$/su)?.[1]).find((issuer) => issuer !== undefined)

/** Whether a demand tells one token of an issuer from another. */
const narrows = ({ path, negated }: ClaimDemand): boolean =>
  !negated && !['iss', 'aud'].includes(path.join('.'))

/** What is wrong with the claims that a robot is to be bound to, or undefined. */
export const bindingFault = (claims: readonly string[]): string | undefined => {
  if (claims.length > MOST_CLAIMS) return `expected at most ${MOST_CLAIMS} claims`
  const demands = claims.map(readClaim)
  const wrong = demands.indexOf(undefined)
  if (wrong >= 0) {
    return `${quoted(claims[wrong] ?? '')}: expected <claim>=<value>, as in repository_id=123, or with !=, ~ (a pattern) or !~`
  }
  if (issuerOf(claims) === undefined) {
    return 'the issuer is missing: expected iss=<issuer>, as in iss=https://token.actions.githubusercontent.com'
  }
  // Everybody has a token of some issuers.
  return demands.some((demand) => demand !== undefined && narrows(demand))
    ? undefined
    : 'iss alone would let in whoever has a token of that issuer: expected another claim, such as repository_id=123 or sub=ci'
}

/**
 * Reads which claims robots are bound to; undefined (no document) means none is.
 *
 * @throws DocumentError that says where it is wrong
 */
export const parseBindings = (text: string | undefined): WrittenBindings => {
  if (text === undefined) return new Map()
  const { robots } = parseJsonDocument('claims of robots', text, schema)
  for (const { name, claims } of robots) {
    const fault = bindingFault(claims)
    if (fault !== undefined) throw new DocumentError(`claims of robots: ${name}: ${fault}`)
  }
  return new Map(robots.map(({ name, claims }) => [name, claims]))
}

/** Writes which claims robots are bound to. */
export const formatBindings = (bindings: WrittenBindings): string => {
  const document: z.output<typeof schema> = {
    version: 1,
    robots: [...bindings].map(([name, claims]) => ({ name, claims: [...claims] })),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** What a robot is bound to. */
export interface Binding {
  /** Whose tokens they are. */
  readonly issuer: string
  /** As `LogIn.credential`: changes when the robot is bound to other claims. */
  readonly credential: string
  /** Why a token with these claims is not the robot's, without their values; undefined if it is. */
  fault(claims: object): string | undefined
}

/** What a robot is bound to, by claims that {@link bindingFault} finds nothing wrong with. */
export const bindingOf = (name: string, claims: readonly string[]): Binding => {
  const demands = claims.map(readClaim).filter((demand) => demand !== undefined)
  return {
    issuer: issuerOf(claims) ?? '',
    credential: JSON.stringify(['robot-claims', name, ...claims]),
    fault(given) {
      const failed = demands.find((demand) => !claimHolds(given, demand))
      if (failed === undefined) return undefined
      const claim = quoted(failed.path.join('.'))
      return claimValues(given, failed.path).length === 0
        ? `it has no claim ${claim}`
        : `its claim ${claim} is not as the robot demands`
    },
  }
}

/** The bindings in a store as they are at the moment, by the robot's name without `robot+`. */
export const liveBindings = (options: LiveOptions): Live<ReadonlyMap<string, Binding>> =>
  liveDocument(
    ROBOT_CLAIMS_KEY,
    (text) =>
      new Map([...parseBindings(text)].map(([name, claims]) => [name, bindingOf(name, claims)])),
    options,
  )
