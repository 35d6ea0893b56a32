/**
 * `docker-credential-slipway`: Docker's protocol of credential helpers. It keeps nothing: whenever a client asks for
 * credentials, it gives the token that the job has from its issuer.
 *
 * https://github.com/docker/docker-credential-helpers
 *
 * @module
 */

import { AWS_USER } from '../shared/aws-log-in.ts'
import { CredentialError } from './errors.ts'
import { hostOf } from './host.ts'
import { type Found, findToken } from './sources.ts'
import type { Surroundings } from './surroundings.ts'

/** What the program prints, and exits with. */
export interface Outcome {
  readonly print: string
  readonly code: 0 | 1
}

/** By these words clients know that they are to go on without credentials. */
const NOT_FOUND = 'credentials not found in native keychain'

const USAGE = `Usage: docker-credential-slipway get|store|erase|list|version

For the clients of Docker, in ~/.docker/config.json:
  { "credHelpers": { "registry.example": "slipway" } }`

/** By these a machine has credentials of AWS, or somebody says that it has some. */
const AWS_VARIABLES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_ROLE_ARN',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'SLIPWAY_AWS_REGION',
]

/** What AWS credentials give; elsewhere it costs nothing, and waits for no metadata service. */
const ofAws = async (
  { env, now, awsPassword }: Surroundings,
  registry: string,
): Promise<Found | undefined> => {
  if (!AWS_VARIABLES.some((name) => env[name])) return undefined
  const region = env.SLIPWAY_AWS_REGION || env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined
  return { name: AWS_USER, secret: await awsPassword({ registry, region, now: now() }) }
}

const get = async (given: string, surroundings: Surroundings): Promise<string> => {
  const host = hostOf(given)
  if (host === '') throw new CredentialError('no credentials server URL')
  const audience = surroundings.env.SLIPWAY_AUDIENCE || host
  const found = (await findToken(surroundings, audience)) ?? (await ofAws(surroundings, audience))
  if (found === undefined) throw new CredentialError(NOT_FOUND)
  return JSON.stringify({ ServerURL: given.trim(), Username: found.name, Secret: found.secret })
}

/**
 * Does what a client asks for. Errors are printed, as the protocol has it.
 *
 * @param argv all after the program's name
 * @param input what the client sends
 */
export const help = async (
  [action]: readonly string[],
  input: () => Promise<string>,
  surroundings: Surroundings,
  version: string,
): Promise<Outcome> => {
  try {
    switch (action) {
      case 'get':
        return { print: await get(await input(), surroundings), code: 0 }
      case 'list':
        return { print: '{}', code: 0 }
      case 'erase':
        await input()
        return { print: '', code: 0 }
      case 'store':
        await input()
        throw new CredentialError(
          'docker-credential-slipway keeps no passwords: it finds the token of a job, and no log-in is needed',
        )
      case 'version':
        return { print: `docker-credential-slipway ${version}`, code: 0 }
      default:
        return { print: USAGE, code: 1 }
    }
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error
    return { print: error.message, code: 1 }
  }
}
