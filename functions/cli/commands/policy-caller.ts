/**
 * Callers as the command line names them.
 *
 * @module
 */

import { decodeJwt } from 'jose'
import { groupsOf } from '../../auth/accounts/accounts.ts'
import { checkName } from '../../auth/accounts/administer/errors.ts'
import { readGroups } from '../../auth/accounts/administer/groups.ts'
import { robotNameFault, userNameFault } from '../../auth/accounts/names.ts'
import { certificateIdentity, readAttributes } from '../../auth/certificate.ts'
import { awsIdentity } from '../../auth/iam/aws.ts'
import { callerOf } from '../../auth/iam/caller.ts'
import { ANONYMOUS, type Identity, isJwt, ROBOT_PREFIX } from '../../auth/identity.ts'
import { splitAt } from '../../auth/policy/subject.ts'
import { quoted } from '../../shared/errors.ts'
import { onAccounts } from '../accounts.ts'
import { UsageError } from '../errors.ts'
import type { DocumentIo } from '../ways/document-io.ts'

const EXPECTED =
  'expected anonymous, user:NAME, robot:NAME, aws:ARN, certificate:CN=NAME, claim:NAME=VALUE or claims:FILE'

const byClaims = (claims: Readonly<Record<string, unknown>>): Identity => ({
  kind: 'token',
  name: typeof claims.sub === 'string' ? claims.sub : '',
  groups: [],
  claims,
})

/** The claims in a file: those of a token, of which nothing is verified, or an object in JSON. */
const claimsIn = (text: string, path: string): Readonly<Record<string, unknown>> => {
  const trimmed = text.trim()
  try {
    const claims: unknown = isJwt(trimmed) ? decodeJwt(trimmed) : JSON.parse(trimmed)
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) {
      return { ...claims }
    }
  } catch {
    // Neither is what it is.
  }
  throw new UsageError(`${path} has neither a token nor its claims as a JSON object`)
}

const byCertificate = (attributes: string): Identity => {
  const read = attributes === '*' ? undefined : readAttributes(attributes)
  if (read === undefined) {
    throw new UsageError(
      `${quoted(attributes)}: expected attributes, as in certificate:CN=ci,O=Example`,
    )
  }
  const subject: Record<string, string[]> = {}
  for (const [name, value] of read) subject[name] = [...(subject[name] ?? []), value]
  return certificateIdentity(subject)
}

/** A user or role of AWS; a session of a role is that role. */
const byArn = (arn: string): Identity => {
  const caller = callerOf(/^\d{12}$/.test(arn) ? `arn:aws:iam::${arn}:root` : arn)
  if (caller === undefined) {
    throw new UsageError(
      `${quoted(arn)}: expected the ARN of a user or role, as in aws:arn:aws:iam::123456789012:role/ci`,
    )
  }
  return awsIdentity(caller)
}

/**
 * Reads who a caller is. Accounts have the groups that the store says they have.
 *
 * @throws UsageError naming the forms
 */
export const readCaller = async (io: DocumentIo, text: string): Promise<Identity> => {
  if (text === 'anonymous') return ANONYMOUS
  const [kind, name = ''] = splitAt(text, ':')
  if (kind === 'user' || kind === 'robot') {
    await onAccounts({ absent: `${kind} list` }, async () =>
      checkName(kind, name, kind === 'user' ? userNameFault : robotNameFault),
    )
    const account = kind === 'user' ? name : `${ROBOT_PREFIX}${name}`
    const groups = groupsOf(await readGroups(io.store), account)
    return { kind, name: account, groups, claims: {} }
  }
  if (kind === 'certificate') return byCertificate(name)
  if (kind === 'aws') return byArn(name)
  if (kind === 'claims' && name !== '') return byClaims(claimsIn(await io.readFile(name), name))
  const [claim, value] = splitAt(name, '=')
  if (kind !== 'claim' || claim === '' || value === undefined) {
    throw new UsageError(`${quoted(text)} is not a caller: ${EXPECTED}`)
  }
  return byClaims({ [claim]: value })
}
