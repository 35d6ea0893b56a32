/**
 * What an upstream is shown, as its secret says it: a name and a password, or one of the forms in which others
 * keep them.
 *
 * @module
 */

import * as z from '../shared/schema.ts'
import type { User } from '../transfer/registry/challenge.ts'
import { DOCKER_HUB, hostNamed } from './hosts.ts'

/** As AWS keeps them in Secrets Manager for the pull-through of ECR. */
const ofSecretsManager = z.object({
  username: z.string().check(z.minLength(1)),
  password: z.optional(z.string()),
  accessToken: z.optional(z.string()),
})

/** `config.json` of docker. */
const ofDocker = z.object({ auths: z.record(z.string(), z.object({ auth: z.string() })) })

const ofPair = (text: string): User | undefined => {
  const colon = text.indexOf(':')
  if (colon < 1 || /\p{Cc}/u.test(text)) return undefined
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** The host in a key of `config.json`, which may be a URL. */
const hostOfKey = (key: string): string | undefined =>
  hostNamed(key.replace(/^https?:\/\//, '').replace(/\/.*$/, ''))

const ofJson = (json: unknown, host: string): User | undefined => {
  const { data: docker } = ofDocker.safeParse(json)
  if (docker !== undefined) {
    const [, entry] = Object.entries(docker.auths).find(([key]) => hostOfKey(key) === host) ?? []
    return entry && ofPair(Buffer.from(entry.auth, 'base64').toString())
  }
  const { data } = ofSecretsManager.safeParse(json)
  const password = data?.password ?? data?.accessToken
  return data === undefined || password === undefined
    ? undefined
    : { name: data.username, password }
}

const EXPECTED =
  'expected <user>:<password>, {"username": …, "password": …}, or a config.json of docker with this host'

/**
 * Reads credentials.
 *
 * @param secret what `reference` stands for
 * @param host of the upstream, as `hostNamed` gives it
 * @throws Error that names the reference, and nothing of the secret
 */
export const readCredentials = (secret: string, host: string, reference: string): User => {
  let user: User | undefined
  if (secret.trimStart().startsWith('{')) {
    try {
      user = ofJson(JSON.parse(secret), host)
    } catch {
      // Said below: the cause might repeat some of it.
    }
  } else {
    user = ofPair(secret)
  }
  if (user !== undefined) return user
  const at = host === DOCKER_HUB ? 'Docker Hub' : host
  throw new Error(`the secret ${reference} has no credentials for ${at}: ${EXPECTED}`)
}
