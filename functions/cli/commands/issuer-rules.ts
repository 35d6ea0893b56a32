/**
 * What is safe to demand of the tokens of well-known issuers: ids that nobody else can come to have, branches
 * and tags that are protected, and nothing that strangers can start.
 *
 * @module
 */

import { quoted } from '../../shared/errors.ts'
import { UsageError } from '../errors.ts'

/** Whose tokens are to be trusted, as it was given. */
export interface Wanted {
  /** `github`, `gitlab`, `google`, `kubernetes`, or the URL of another issuer. */
  readonly provider: string
  /** The id of the project, account or subject. */
  readonly id: string | undefined
  /** The URL of a server of one's own. */
  readonly url: string | undefined
  /** A branch or tag, or a pattern of them, as in `refs/tags/v*`. */
  readonly ref: string | undefined
}

/** An issuer, and what its tokens must say. */
export interface IssuerRule {
  readonly issuer: string
  /** Subjects of the policy, all of which must hold. */
  readonly all: readonly string[]
}

interface Provider {
  readonly issuer?: string
  /** What the id is, and how it is written. */
  readonly id: readonly [words: string, pattern: RegExp]
  /** Whether its tokens say for which branch or tag they are. */
  readonly refs?: boolean
  readonly claims: (id: string) => readonly string[]
}

const PROVIDERS: Readonly<Record<string, Provider>> = {
  // https://docs.github.com/actions/reference/openid-connect-reference: a name can be taken over, the id cannot; a
  // pull request runs with the code of whoever opened it.
  github: {
    issuer: 'https://token.actions.githubusercontent.com',
    id: ['the number of the repository, see https://api.github.com/repos/OWNER/NAME', /^\d+$/],
    refs: true,
    claims: (id) => [`claim:repository_id=${id}`, 'claim:event_name!~pull_request*'],
  },
  // https://docs.gitlab.com/ci/secrets/id_token_authentication
  gitlab: {
    issuer: 'https://gitlab.com',
    id: ['the number of the project, as its page shows it', /^\d+$/],
    refs: true,
    claims: (id) => [`claim:project_id=${id}`, 'claim:pipeline_source!=merge_request_event'],
  },
  // An e-mail address can be given to somebody else.
  google: {
    issuer: 'https://accounts.google.com',
    id: ['the number of the account, not its e-mail address', /^\d+$/],
    claims: (id) => [`claim:sub=${id}`],
  },
  // Two clusters have the same subjects: the issuer keeps them apart.
  kubernetes: {
    id: ['NAMESPACE:SERVICEACCOUNT', /^[a-z0-9-]{1,63}:[a-z0-9][a-z0-9.-]{0,252}$/],
    claims: (id) => [`claim:sub=system:serviceaccount:${id}`],
  },
}

const OTHER: Provider = { id: ['sub of its tokens', /^.+$/s], claims: (id) => [`claim:sub=${id}`] }

const isUrl = (text: string): boolean => /^https?:\/\//.test(text)

const refClaims = (ref: string | undefined): readonly string[] => [
  'claim:ref_protected=true',
  ...(ref === undefined ? [] : [`claim:ref${ref.includes('*') ? '~' : '='}${ref}`]),
]

const providerOf = (name: string): Provider => {
  if (isUrl(name)) return { ...OTHER, issuer: name }
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined
  if (provider !== undefined) return provider
  const known = Object.keys(PROVIDERS).join(', ')
  throw new UsageError(`${quoted(name)} is not an issuer: expected ${known} or an https URL`)
}

/**
 * What to trust, and what to demand.
 *
 * @throws UsageError for what is missing, or would not be safe
 */
export const issuerRule = ({ provider: name, id, url, ref }: Wanted): IssuerRule => {
  const provider = providerOf(name)
  const issuer = (url ?? provider.issuer)?.replace(/\/$/, '')
  if (issuer === undefined) throw new UsageError(`${name} needs --url: the issuer of the cluster`)
  if (!isUrl(issuer)) throw new UsageError(`${quoted(issuer)} is not an https URL`)
  const [words, pattern] = provider.id
  if (id === undefined) throw new UsageError(`${name} needs --id: ${words}`)
  if (!pattern.test(id)) throw new UsageError(`${quoted(id)} is not ${words}`)
  if (ref !== undefined && !provider.refs) throw new UsageError(`tokens of ${name} name no --ref`)
  const refs = provider.refs ? refClaims(ref) : []
  return { issuer, all: [`claim:iss=${issuer}`, ...provider.claims(id), ...refs] }
}
