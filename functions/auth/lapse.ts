/**
 * Whether who began an upload, or has another right for some time, still has it: by the accounts, the policy, the issuers and the keys as
 * they are at the moment.
 *
 * @module
 */

import type { Action } from './access.ts'
import { type Accounts, isBound } from './accounts/accounts.ts'
import { type CertificateAuthorities, certificateIdentity } from './certificate.ts'
import { awsIdentity } from './iam/aws.ts'
import { ANONYMOUS, fingerprint, type Identity } from './identity.ts'
import type { Live } from './live.ts'
import { type Note, readNote, unpackClaims } from './note.ts'
import { allows, type Policy } from './policy/policy.ts'
import type { TokenVerifier } from './tokens/verify.ts'

export interface LapseOptions {
  readonly accounts: Accounts
  readonly policy: Live<Policy>
  readonly verifier: TokenVerifier
  /** Absent: certificates let nobody in. */
  readonly authorities?: CertificateAuthorities | undefined
}

/** Why a right has ended. */
type Why = string

/** Another version of the registry may write what this one does not read. */
const UNREADABLE: Why = 'this version of the registry cannot read who began it'

const GONE: Why = 'the account that began it no longer exists'

const UNTRUSTED: Why = 'the issuer of its token is no longer trusted'

const notAllowed = (action: Action): Why => `who began it may no longer ${action} here`

const readable = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** See `Authorizer.lapsed`. */
export const createLapse = ({ accounts, policy, verifier, authorities }: LapseOptions) => {
  const byPolicy = async (
    identity: Identity,
    repository: string,
    action: Action,
  ): Promise<Why | undefined> =>
    allows(await policy.get(), identity, repository, action) ? undefined : notAllowed(action)

  /** A robot that logged in with a token. */
  const ofRobot = async (
    name: string,
    credential: string | undefined,
    issuer: string,
    repository: string,
    action: Action,
  ): Promise<Why | undefined> => {
    const [identity, bound, trusted, rules] = await Promise.all([
      accounts.lookup(name),
      isBound(accounts, name, credential),
      verifier.trusts(issuer),
      policy.get(),
    ])
    if (identity === undefined) return GONE
    if (!trusted) return UNTRUSTED
    if (!bound) return 'the robot that began it is bound to other claims, or to none'
    return allows(rules, identity, repository, action) ? undefined : notAllowed(action)
  }

  const ofAccount = async (
    { name, credential, issuer }: Extract<Note, { by: 'account' }>,
    repository: string,
    action: Action,
  ): Promise<Why | undefined> => {
    if (issuer !== undefined) return ofRobot(name, credential, issuer, repository, action)
    // At once: where nothing is remembered, each is a read.
    const [identity, current, rules] = await Promise.all([
      accounts.lookup(name),
      accounts.credentials(name),
      policy.get(),
    ])
    if (identity === undefined) return GONE
    if (credential !== undefined && !current.some((each) => fingerprint(each) === credential)) {
      return 'the password or secret that it was begun with is no longer valid'
    }
    return allows(rules, identity, repository, action) ? undefined : notAllowed(action)
  }

  const ofIssuer = async (
    { issuer, claims: packed }: Extract<Note, { by: 'issuer' }>,
    repository: string,
    action: Action,
  ): Promise<Why | undefined> => {
    if (!(await verifier.trusts(issuer))) return UNTRUSTED
    if (packed === undefined) return undefined
    const claims = readable(() => unpackClaims(packed))
    if (claims === undefined) return UNREADABLE
    const name = typeof claims.sub === 'string' ? claims.sub : ''
    return byPolicy({ kind: 'token', name, groups: [], claims }, repository, action)
  }

  const ofAws = async (
    { name }: Extract<Note, { by: 'aws' }>,
    repository: string,
    action: Action,
  ): Promise<Why | undefined> =>
    verifier.acceptsAws(name)
      ? byPolicy(awsIdentity(name), repository, action)
      : 'the user or role of AWS that began it may no longer log in'

  const ofCertificate = async (
    { id, subject }: Extract<Note, { by: 'certificate' }>,
    repository: string,
    action: Action,
  ): Promise<Why | undefined> => {
    const refused = authorities === undefined ? 'is not accepted here' : authorities.refusal(id)
    if (refused !== undefined) return `the certificate that it was begun with ${refused}`
    const why = await byPolicy(certificateIdentity(subject), repository, action)
    return why && byPolicy(ANONYMOUS, repository, action)
  }

  return async (
    text: string,
    repository: string,
    action: Action = 'push',
  ): Promise<Why | undefined> => {
    const note = readable(() => readNote(text))
    if (note === undefined) return UNREADABLE
    if (note.by === 'certificate') return ofCertificate(note, repository, action)
    const decide = (): Promise<Why | undefined> => {
      if (note.by === 'issuer') return ofIssuer(note, repository, action)
      if (note.by === 'aws') return ofAws(note, repository, action)
      return note.by === 'account'
        ? ofAccount(note, repository, action)
        : byPolicy(ANONYMOUS, repository, action)
    }
    const { key } = note
    const [hasKey, why] = await Promise.all([key === undefined || verifier.hasKey(key), decide()])
    return hasKey ? why : 'the key that signed its token was revoked'
  }
}
