/**
 * Reads the password of an AWS log-in: a presigned request to STS. Only what STS needs is taken from it, part by
 * part, and the request that is sent is made anew of these parts. So it can lead nowhere but to STS of an allowed
 * Region, ask nothing else, and bring no header along.
 *
 * @module
 */

import {
  escapeRfc3986,
  GLOBAL_HOST,
  GLOBAL_REGION,
  LONGEST_LIFE,
  QUESTION,
  REGISTRY_HEADER,
  SIGNED_HEADERS,
  stsHost,
} from '../../shared/aws-log-in.ts'
import { quoted } from '../../shared/errors.ts'
import * as z from '../../shared/schema.ts'
import { AccessError } from '../errors.ts'

/** Most characters of a password; a gateway takes 10,240 bytes of headers. */
const MAX_PASSWORD = 10_240
/** Milliseconds by which a client's clock may be ahead, as STS has it. */
const SKEW = 5 * 60_000

/** A request that is safe to send. */
export interface CheckedRequest {
  readonly region: string
  /** Of STS, as it was signed. */
  readonly host: string
  /** All parameters, in order and encoded as SigV4 has it: one text for one signature. */
  readonly query: string
  /** The registry that it names, as it was signed. */
  readonly registry: string
}

/** What requests are checked against. */
export interface Demands {
  /** Regions whose STS is asked. */
  readonly regions: readonly string[]
  /** Names of this registry, in lower case. */
  readonly names: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: number
}

/** The error for an AWS log-in that is refused: `the AWS log-in <why>`. */
export const refusedLogIn = (why: string, cause?: unknown): AccessError =>
  new AccessError('UNAUTHORIZED', `the AWS log-in ${why}`, { cause })

const schema = z.strictObject({
  method: z.literal('GET'),
  url: z.string(),
  headers: z.strictObject({ [REGISTRY_HEADER]: z.string() }),
})

const read = (password: string): z.output<typeof schema> => {
  if (password.length > MAX_PASSWORD) {
    throw refusedLogIn(`has ${password.length} characters, more than the ${MAX_PASSWORD} allowed`)
  }
  try {
    return schema.parse(JSON.parse(Buffer.from(password, 'base64').toString()))
  } catch {
    // The cause would quote some of it.
    throw refusedLogIn('is not what `slipway login-password` prints, or not all of it')
  }
}

/** What each parameter must look like; there may be no others. */
const PARAMETERS: Readonly<Record<string, RegExp>> = {
  Action: new RegExp(`^${QUESTION.Action}$`),
  Version: new RegExp(`^${QUESTION.Version}$`),
  'X-Amz-Algorithm': /^AWS4-HMAC-SHA256$/,
  'X-Amz-Credential': /^[A-Za-z0-9_]{4,128}\/\d{8}\/[a-z0-9-]{1,32}\/sts\/aws4_request$/,
  'X-Amz-Date': /^\d{8}T\d{6}Z$/,
  'X-Amz-Expires': /^[1-9]\d{0,2}$/,
  'X-Amz-Security-Token': /^[\w+/=-]{1,8192}$/,
  'X-Amz-Signature': /^[0-9a-f]{64}$/,
  'X-Amz-SignedHeaders': new RegExp(`^${SIGNED_HEADERS}$`),
}
/** Credentials that do not expire have none. */
const OPTIONAL = 'X-Amz-Security-Token'

/** No port, no user, no other path, no fragment. */
const URL_FORM = /^https:\/\/([a-z0-9.-]{1,253})\/\?([!$-*,-~]+)$/

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw refusedLogIn('has a parameter that is not percent-encoded', cause)
  }
}

const readParameters = (query: string): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const part of query.split('&')) {
    const at = part.indexOf('=')
    const [name, value] = [part.slice(0, Math.max(at, 0)), decoded(part.slice(at + 1))]
    const form = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined
    if (form === undefined) {
      // Without its value, which may be a secret.
      throw refusedLogIn(`has a parameter ${quoted(part.replace(/=.*/, '').slice(0, 40))}`)
    }
    if (found.has(name)) throw refusedLogIn(`has the parameter ${name} twice`)
    if (!form.test(value)) throw refusedLogIn(`has a ${name} that is not accepted here`)
    found.set(name, value)
  }
  const missing = Object.keys(PARAMETERS).find((name) => name !== OPTIONAL && !found.has(name))
  if (missing !== undefined) throw refusedLogIn(`has no ${missing}`)
  return found
}

/** The Region of a host, if it is STS of one that is allowed. */
const regionOf = (host: string, regions: readonly string[]): string | undefined =>
  host === GLOBAL_HOST && regions.includes(GLOBAL_REGION)
    ? GLOBAL_REGION
    : regions.find((region) => stsHost(region) === host)

/** Milliseconds since 1970 of `20260131T235959Z`, or NaN. */
const timeOf = (date: string): number =>
  Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))

const checkTime = (parameters: ReadonlyMap<string, string>, now: number): void => {
  const date = parameters.get('X-Amz-Date') ?? ''
  const seconds = Number(parameters.get('X-Amz-Expires'))
  const begin = timeOf(date)
  if (Number.isNaN(begin)) throw refusedLogIn('has an X-Amz-Date that is not accepted here')
  if (seconds > LONGEST_LIFE) {
    throw refusedLogIn(
      `is good for ${seconds} seconds, more than the ${LONGEST_LIFE} that are accepted`,
    )
  }
  if (begin > now + SKEW)
    throw refusedLogIn('is dated in the future: check the clock of the client')
  const end = begin + seconds * 1000
  if (end > now) return
  throw refusedLogIn(`has expired at ${new Date(end).toISOString()}: make another`)
}

/**
 * Reads and checks the password of an AWS log-in. The signature is for STS to verify.
 *
 * @throws AccessError UNAUTHORIZED that says what is not accepted
 */
export const readSignedRequest = (
  password: string,
  { regions, names, now }: Demands,
): CheckedRequest => {
  const { url, headers } = read(password)
  const registry = headers[REGISTRY_HEADER] ?? ''
  if (!names.includes(registry.toLowerCase())) {
    throw refusedLogIn(`is for the registry ${quoted(registry)}, not for ${names.join(' or ')}`)
  }
  const [, host, query] = url.match(URL_FORM) ?? []
  const region = host === undefined ? undefined : regionOf(host, regions)
  if (host === undefined || query === undefined || region === undefined) {
    const place = quoted(url.split('?', 1)[0] ?? '')
    throw refusedLogIn(`is for ${place}, not for STS in ${regions.join(' or ')}`)
  }
  const parameters = readParameters(query)
  const [, day, scope] = (parameters.get('X-Amz-Credential') ?? '').split('/')
  if (scope !== region || !parameters.get('X-Amz-Date')?.startsWith(`${day}T`)) {
    throw refusedLogIn('has an X-Amz-Credential of another Region or day')
  }
  checkTime(parameters, now)
  const sorted = [...parameters].sort(([one], [other]) => (one < other ? -1 : 1))
  const encoded = sorted.map(([name, value]) => `${name}=${escapeRfc3986(value)}`)
  return { region, host, query: encoded.join('&'), registry }
}
