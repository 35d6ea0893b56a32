/**
 * The document of other issuers whose tokens are accepted: token servers such as docker_auth, or OIDC
 * providers.
 *
 * @module
 */

import { ISSUERS_KEY } from '../../registry/layout.ts'
import { DocumentError } from '../../shared/errors.ts'
import * as z from '../../shared/schema.ts'
import { secureUrl } from '../../shared/secure-url.ts'
import { type LiveOptions, liveDocument } from '../live.ts'
import type { ForeignVerifier } from '../tokens/verify.ts'
import { ALGORITHMS } from '../trusted-keys/algorithms.ts'
import {
  certificateBundle,
  fixedJwks,
  type KeySource,
  remoteSource,
} from '../trusted-keys/key-source.ts'
import { foreignVerifier, type TrustedIssuer } from './verify.ts'

const login = z.strictObject({
  /** What the issuer knows this registry by; `aud` of its ID tokens. */
  clientId: z.string().check(z.minLength(1)),
  /** What is requested beside `openid`. Default: profile and email. */
  scopes: z.optional(
    z.array(z.string().check(z.regex(/^[!#-[\]-~]+$/, 'expected a scope, as in profile'))),
  ),
  /** The claim that has somebody's groups, to be shown. Default: groups. */
  groups: z.optional(
    z.string().check(z.regex(/^[^.]+(?:\.[^.]+)*$/, 'expected a path, as in realm_access.roles')),
  ),
  /** Hours until somebody has to log in again. Default: 8. */
  hours: z.optional(z.int().check(z.gte(1), z.lte(8))),
})

const issuer = z
  .strictObject({
    /** The exact `iss` of its tokens. */
    issuer: z.string().check(z.minLength(1)),
    /** What tokens must have in `aud`. Default: our service. */
    audience: z.optional(z.string().check(z.minLength(1))),
    /** Where the issuer publishes its keys. */
    jwksUrl: z.optional(z.url()),
    /** Its keys. */
    jwks: z.optional(z.object({ keys: z.array(z.looseObject({})) })),
    /** Certificates in PEM, like distribution's rootcertbundle. */
    certificates: z.optional(z.string().check(z.minLength(1))),
    algorithms: z.optional(z.array(z.enum(ALGORITHMS)).check(z.minLength(1))),
    /** Certificates of the authorities of its server, PEM. Default: the platform's. */
    ca: z.optional(z.string().check(z.minLength(1))),
    /** Whether its server may have a private address. Default: only what jwksUrl names. */
    privateAddresses: z.optional(z.boolean()),
    /** Set where people log in. */
    login: z.optional(login),
  })
  .check(
    z.refine(
      ({ jwksUrl, jwks, certificates }) =>
        [jwksUrl, jwks, certificates].filter((source) => source !== undefined).length <= 1,
      'takes one of jwksUrl, jwks and certificates, or none where its keys are to be discovered',
    ),
    z.refine(
      ({ issuer, login }) =>
        login === undefined || (secureUrl(issuer) !== undefined && !/[?#]/.test(issuer)),
      'people log in at an issuer that is an https URL, without a query',
    ),
  )

const schema = z.strictObject({
  version: z.literal(1),
  issuers: z
    .array(issuer)
    .check(
      z.refine(
        (issuers) => issuers.filter((each) => each.login !== undefined).length <= 1,
        'people log in at one issuer: only one may have login',
      ),
    ),
})

/** One entry of the document. */
export type IssuerEntry = z.output<typeof issuer>

/** How people log in at an issuer. */
export type LogInEntry = z.output<typeof login>

/**
 * Reads the document, YAML or JSON; undefined (no document) means no issuers.
 *
 * @throws DocumentError that says where it is wrong
 */
export const parseIssuers = async (text: string | undefined): Promise<readonly IssuerEntry[]> => {
  if (text === undefined) return []
  // Loaded only if there is a document: loading YAML would slow down cold starts.
  const { plainYaml } = await import('../../shared/yaml.ts')
  let value: unknown
  try {
    value = plainYaml(text)
  } catch (error) {
    throw error instanceof DocumentError ? new DocumentError(`issuers: ${error.message}`) : error
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data.issuers
  const issue = result.error.issues[0]
  throw new DocumentError(`issuers: ${issue?.path.join('.') || 'document'}: ${issue?.message}`)
}

/** Loaded only for issuers whose keys are fetched. */
const fetchedKeys = async (
  { issuer, jwksUrl, ca, privateAddresses }: IssuerEntry,
  now: () => number,
): Promise<KeySource> => {
  if (jwksUrl !== undefined) {
    const { remoteJwks } = await import('../trusted-keys/jwks-url.ts')
    // Whoever wrote the URL chose its address.
    const allowed = privateAddresses ?? true
    return remoteSource(remoteJwks({ url: jwksUrl, now, ca, privateAddresses: allowed }))
  }
  const { discoveredKeys } = await import('../trusted-keys/discovery.ts')
  const allowed = privateAddresses ?? false
  return remoteSource(discoveredKeys({ issuer, now, ca, privateAddresses: allowed }))
}

/**
 * An issuer with its keys.
 *
 * @param service our audience
 * @throws Error when its keys or certificates cannot be read
 */
export const trustedIssuer = async (
  entry: IssuerEntry,
  service: string,
  now: () => number,
): Promise<TrustedIssuer> => {
  const source = (): KeySource | Promise<KeySource> => {
    if (entry.certificates !== undefined) return certificateBundle(entry.certificates)
    if (entry.jwks !== undefined) return fixedJwks(entry.jwks)
    return fetchedKeys(entry, now)
  }
  return {
    issuer: entry.issuer,
    audience: entry.audience ?? service,
    source: await source(),
    ...(entry.algorithms === undefined ? {} : { algorithms: entry.algorithms }),
  }
}

/** The issuer that people log in at. */
export interface PeopleIssuer extends Pick<IssuerEntry, 'ca' | 'privateAddresses'> {
  readonly trusted: TrustedIssuer
  readonly login: LogInEntry
}

/** The issuers of a document. */
export interface Issuers extends ForeignVerifier {
  /** Absent: people do not log in. */
  readonly people: PeopleIssuer | undefined
}

/** The one of these entries that people log in at, if there is one. */
export const peopleOf = (
  entries: readonly IssuerEntry[],
  issuers: readonly TrustedIssuer[],
): PeopleIssuer | undefined => {
  const entry = entries.find(({ login }) => login !== undefined)
  const trusted = issuers.find(({ issuer }) => issuer === entry?.issuer)
  if (entry?.login === undefined || trusted === undefined) return undefined
  const { ca, privateAddresses, login } = entry
  return { trusted, login, ca, privateAddresses }
}

export interface LiveIssuersOptions extends LiveOptions {
  /** Our `iss`; another issuer of that name is ignored. */
  readonly issuer: string
  /** Our audience. */
  readonly service: string
}

/**
 * A verifier that follows the document in a store. An issuer whose keys or certificates cannot be
 * read makes the document unusable, like any other mistake in it.
 */
export const liveIssuers = ({ issuer, service, ...options }: LiveIssuersOptions) =>
  liveDocument(
    ISSUERS_KEY,
    async (text): Promise<Issuers> => {
      const { now } = options
      // An issuer with our name could sign for our accounts.
      const others = (await parseIssuers(text)).filter((entry) => entry.issuer !== issuer)
      const trusted = await Promise.all(others.map((each) => trustedIssuer(each, service, now)))
      return { ...foreignVerifier(trusted, now), people: peopleOf(others, trusted) }
    },
    options,
  )
