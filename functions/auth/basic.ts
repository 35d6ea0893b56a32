/**
 * Basic credentials (RFC 7617).
 *
 * @module
 */

export interface BasicCredentials {
  readonly name: string
  readonly password: string
}

/** Reads an Authorization header; undefined when it is none of the Basic scheme. */
export const parseBasic = (authorization: string | undefined): BasicCredentials | undefined => {
  const [, encoded] = authorization?.match(/^basic +([A-Za-z0-9+/_-]+=*) *$/i) ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** Reads an Authorization header; undefined when it is none of the Bearer scheme (RFC 6750). */
export const parseBearer = (authorization: string | undefined): string | undefined =>
  authorization?.match(/^bearer +(\S+) *$/i)?.[1]
