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

/** Most characters that are read of a challenge. */
const MOST = 4096

/** A parameter, quoted or not, or the name of a scheme. */
const PART = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w-]+)(?![\w-]|\s*=)/g

/**
 * Reads a challenge: RFC 9110, 11.6.1. Of several, one for a token comes first.
 *
 * Not all registries quote parameters, and some send none but the realm.
 */
export const parseChallenge = (value: string): Challenge => {
  const challenges: { readonly scheme: string; readonly parameters: Record<string, string> }[] = []
  for (const [, name = '', quoted, plain, scheme] of value.slice(0, MOST).matchAll(PART)) {
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: {} })
    const { parameters } = challenges.at(-1) ?? {}
    if (scheme !== undefined || parameters === undefined) continue
    parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? ''
  }
  for (const scheme of ['bearer', 'basic'] as const) {
    const found = challenges.find((each) => each.scheme === scheme)
    if (found !== undefined) return { scheme, parameters: found.parameters }
  }
  return { scheme: undefined, parameters: challenges[0]?.parameters ?? {} }
}

/** A user and how they prove it. */
export interface User {
  readonly name: string
  readonly password: string
}

/** Credentials in the form of `Authorization: Basic`. */
export const basic = ({ name, password }: User): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
