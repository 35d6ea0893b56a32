/**
 * Credentials as docker and its like keep them: in config.json, or with a helper that it names.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import * as z from '../../shared/schema.ts'
import { TransferError } from '../errors.ts'
import type { User } from './challenge.ts'

/** Variables that say where config.json is, and what helpers need. */
export type Env = Readonly<Record<string, string | undefined>>

/** What is known of a host: a password, or a refresh token that is one. */
export type Credentials = User | { readonly refreshToken: string }

/** The file, as far as it is read. Entries are checked when they are used. */
const schema = z.object({
  auths: z.nullish(z.record(z.string(), z.unknown())),
  credHelpers: z.nullish(z.record(z.string(), z.string())),
  credsStore: z.nullish(z.string()),
})

const entrySchema = z.object({
  auth: z.optional(z.string()),
  identitytoken: z.optional(z.string()),
})

/** What docker calls its own hub. */
const HUB = 'https://index.docker.io/v1/'

const keysOf = (host: string): string[] =>
  host === 'registry-1.docker.io' || host === 'docker.io'
    ? [HUB]
    : [host, `https://${host}`, `http://${host}`, `https://${host}/`, `https://${host}/v2/`]

const pathOf = (env: Env): string =>
  join(env.DOCKER_CONFIG ?? join(env.HOME ?? '', '.docker'), 'config.json')

const readConfig = async (path: string): Promise<z.output<typeof schema>> => {
  const content = await readFile(path, 'utf8').catch(() => undefined)
  if (content === undefined) return {}
  let json: unknown
  try {
    json = JSON.parse(content)
  } catch {
    throw new TransferError(`${path} is not JSON`)
  }
  return checked(schema, json, path)
}

const checked = <T>(kind: z.ZodMiniType<T>, value: unknown, path: string): T => {
  const { data } = kind.safeParse(value)
  if (data === undefined) throw new TransferError(`${path} is not a configuration of docker`)
  return data
}

const ofUser = (name: string, password: string): Credentials =>
  // What helpers say in place of a name where they have a token.
  name === '<token>' ? { refreshToken: password } : { name, password }

/** Asks a helper. @returns undefined if it knows nothing of the host */
const askHelper = async (
  helper: string,
  host: string,
  env: Env,
): Promise<Credentials | undefined> => {
  const child = spawn(`docker-credential-${helper}`, ['get'], {
    env: env as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (cause) =>
      reject(new TransferError(`docker-credential-${helper} cannot be run: ${cause.message}`)),
    )
  })
  child.stdin.on('error', () => {})
  child.stdin.end(host)
  const printed = await Promise.race([text(child.stdout), failed])
  try {
    const { Username: name, Secret: password } = JSON.parse(printed)
    return typeof name === 'string' && typeof password === 'string'
      ? ofUser(name, password)
      : undefined
  } catch {
    return undefined
  }
}

/**
 * What docker would show to a host.
 *
 * @param host with its port
 * @returns undefined if there is nothing
 * @throws TransferError when config.json or a helper cannot be used
 */
export const credentialsFor = async (host: string, env: Env): Promise<Credentials | undefined> => {
  const path = pathOf(env)
  const { auths, credHelpers, credsStore } = await readConfig(path)
  const keys = keysOf(host)
  const helper = credHelpers?.[host] ?? credsStore ?? undefined
  for (const key of helper === undefined ? [] : keys) {
    const found = await askHelper(helper!, key, env)
    if (found !== undefined) return found
  }
  const found = keys.map((key) => auths?.[key]).find((each) => each != null)
  const entry = found === undefined ? undefined : checked(entrySchema, found, path)
  if (entry?.identitytoken) return { refreshToken: entry.identitytoken }
  if (!entry?.auth) return undefined
  const decoded = Buffer.from(entry.auth, 'base64').toString()
  const colon = decoded.indexOf(':')
  if (colon < 0) {
    throw new TransferError(
      `${path} has no name and password for ${host}: run docker login ${host}`,
    )
  }
  return ofUser(decoded.slice(0, colon), decoded.slice(colon + 1).replace(/\0+$/, ''))
}
