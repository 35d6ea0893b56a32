/**
 * Callers by what is known of them, and their notes.
 *
 * @module
 */

import { ACTIONS } from './access.ts'
import type { Caller } from './authorizer.ts'
import { type ClientCertificate, certificateIdentity } from './certificate.ts'
import { ANONYMOUS, type Identity } from './identity.ts'
import { type Note, packClaims, writeNote } from './note.ts'
import { allows, allowsEverywhere, mayAnything, type Policy } from './policy/policy.ts'
import type { VerifiedToken } from './tokens/verify.ts'

/** Most characters of a certificate's subject in a note, as JSON. */
const MAX_SUBJECT = 1024

/** What somebody may administer. */
export const administeredBy = (
  policy: Policy,
  identity: Identity,
): ReturnType<Caller['administers']> => {
  if (allowsEverywhere(policy, identity, 'admin')) return 'all'
  return mayAnything(policy, identity, ['admin']) ? 'some' : 'nothing'
}

/** A caller whose rights the policy decides. */
export const byPolicy = (
  policy: Policy,
  identity: Identity,
  via: Caller['via'],
  note: () => Note | undefined,
): Caller => ({
  identity,
  via,
  note: () => written(note()),
  allows: (repository, action) => allows(policy, identity, repository, action),
  mayList: !['anonymous', 'certificate'].includes(identity.kind) || mayAnything(policy, identity),
  lists: (repository) => allows(policy, identity, repository, 'pull'),
  listsAll: () => allowsEverywhere(policy, identity, 'pull'),
  administers: () => administeredBy(policy, identity),
  pullsEverything: allowsEverywhere(policy, identity, 'pull'),
  unrestricted: ACTIONS.every((action) => allowsEverywhere(policy, identity, action)),
})

/** The text of a note. */
export const written = (note: Note | undefined): string | undefined => note && writeNote(note)

/** A caller without credentials. */
export const nobody = (policy: Policy): Caller =>
  byPolicy(policy, ANONYMOUS, 'nothing', () => ({ by: 'anonymous' }))

/**
 * A caller with a certificate: it adds what rules that name it allow to what anonymous callers may do.
 * Without such a rule it is no more than an anonymous caller.
 */
export const byCertificate = (policy: Policy, { id, subject }: ClientCertificate): Caller => {
  const identity = certificateIdentity(subject)
  const all = nobody(policy)
  if (!mayAnything(policy, identity)) return all
  // A subject that is too large for a note.
  const small = JSON.stringify(subject).length <= MAX_SUBJECT
  const note: Note | undefined = small ? { by: 'certificate', id, subject } : undefined
  const own = byPolicy(policy, identity, 'certificate', () => note)
  return {
    ...own,
    allows: (repository, action) =>
      own.allows(repository, action) || all.allows(repository, action),
    lists: (repository) => own.lists(repository) || all.lists(repository),
    listsAll: () => own.listsAll() || all.listsAll(),
    pullsEverything: own.pullsEverything || all.pullsEverything,
  }
}

/** A note of a token; without the claims where the token itself grants. */
export const noteOf = ({
  identity,
  issuer,
  own,
  key,
  credential,
  byBinding,
  only,
}: VerifiedToken): Note | undefined => {
  const { kind, name, claims } = identity
  if (kind === 'aws') return { by: kind, name, key }
  if (own && kind !== 'token') {
    if (kind === 'anonymous') return { by: kind, key }
    return { by: 'account', name, key, credential, ...(byBinding ? { issuer } : {}) }
  }
  if (claims.access !== undefined) return { by: 'issuer', issuer }
  // A policy to come may look at claims that the token does not carry.
  const packed = only === undefined ? packClaims(claims) : undefined
  return packed === undefined ? undefined : { by: 'issuer', issuer, claims: packed, key }
}
