/**
 * Where a job finds a token that says who it is.
 *
 * @module
 */

import { decodeJwt, type JWTPayload } from 'jose'
import { CredentialError } from './errors.ts'
import { githubToken } from './github.ts'
import type { Surroundings } from './surroundings.ts'

/** What a client logs in with. */
export interface Found {
  readonly name: string
  readonly secret: string
}

interface Source {
  /** What messages call it. */
  readonly name: string
  /** The token, for an audience; undefined where the job has none of this kind. */
  readonly find: (surroundings: Surroundings, audience: string) => Promise<string | undefined>
  /** Whether a token for another audience is somebody else's business, rather than a mistake. */
  readonly shared?: true
}

/** A token in the file that a variable names. */
const inFile =
  (variable: string): Source['find'] =>
  async ({ env, readFile }) => {
    const path = env[variable]
    if (!path) return undefined
    try {
      return (await readFile(path)).trim()
    } catch (cause) {
      throw new CredentialError(`${variable}: ${path} cannot be read`, { cause })
    }
  }

const SOURCES: readonly Source[] = [
  // GitLab puts a token into the variable that `id_tokens` names.
  { name: 'SLIPWAY_TOKEN', find: async ({ env }) => env.SLIPWAY_TOKEN?.trim() || undefined },
  // A projected token of Kubernetes, or what SPIFFE's helper keeps up to date.
  { name: 'SLIPWAY_TOKEN_FILE', find: inFile('SLIPWAY_TOKEN_FILE') },
  { name: "GitHub's token", find: githubToken },
  // On EKS it is for AWS, unless somebody made it for a registry.
  {
    name: 'AWS_WEB_IDENTITY_TOKEN_FILE',
    find: inFile('AWS_WEB_IDENTITY_TOKEN_FILE'),
    shared: true,
  },
]

const readClaims = (token: string, name: string): JWTPayload => {
  try {
    return decodeJwt(token)
  } catch (cause) {
    throw new CredentialError(`${name} is not a signed JWT`, { cause })
  }
}

/** What is wrong with a token for an audience. The registry verifies it; this saves a puzzling refusal. */
const faultOf = ({ aud, exp }: JWTPayload, audience: string, now: number): string | undefined => {
  const audiences = [aud ?? []].flat()
  if (!audiences.includes(audience)) {
    return `is for ${audiences.join(', ') || 'nobody'}, not for ${audience}: see SLIPWAY_AUDIENCE`
  }
  if (exp !== undefined && exp * 1000 <= now) {
    return `has expired at ${new Date(exp * 1000).toISOString()}`
  }
  return undefined
}

/** The user name: a robot's, where the token is in place of its secret. */
const nameIn = ({ env: { SLIPWAY_ROBOT: robot } }: Surroundings): string =>
  robot ? `robot+${robot.replace(/^robot\+/, '')}` : 'token'

/**
 * Finds a token.
 *
 * @param audience the registry, as its issuers have it
 * @returns undefined where the job has none
 * @throws CredentialError when there is one that the registry would refuse, or that cannot be fetched
 */
export const findToken = async (
  surroundings: Surroundings,
  audience: string,
): Promise<Found | undefined> => {
  for (const { name, find, shared } of SOURCES) {
    const token = await find(surroundings, audience)
    if (token === undefined) continue
    const fault = faultOf(readClaims(token, name), audience, surroundings.now())
    if (fault === undefined) return { name: nameIn(surroundings), secret: token }
    if (!shared) throw new CredentialError(`${name} ${fault}`)
  }
  return undefined
}
