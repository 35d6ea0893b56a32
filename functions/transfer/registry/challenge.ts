/**
 * How a registry asks for credentials.
 *
 * @module
 */

/** The challenge of a 401. */
export interface Challenge {
  readonly scheme: 'basic' | 'bearer' | undefined
  readonly parameters: Readonly<Record<string, string>>
}

/** Headers that may carry a challenge: its own, Slipway's copy, and what gateways rename it to. */
export const CHALLENGE_HEADERS = [
  'WWW-Authenticate',
  'X-Registry-Challenge',
  'X-Amzn-Remapped-WWW-Authenticate',
] as const

/** Reads a challenge. */
export const parseChallenge = (value: string): Challenge => {
  const scheme = value.match(/^(basic|bearer)(?= )/i)?.[1]?.toLowerCase()
  const parameters = [...value.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, text]) => [name, text])
  return {
    scheme: scheme as Challenge['scheme'],
    parameters: Object.fromEntries(parameters) as Record<string, string>,
  }
}

/** A user and how they prove it. */
export interface User {
  readonly name: string
  readonly password: string
}

/** Credentials in the form of `Authorization: Basic`. */
export const basic = ({ name, password }: User): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
