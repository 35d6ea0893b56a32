/**
 * Callers as those who administer name them, to try a policy on them.
 *
 * @module
 */

import { quoted } from '../../shared/errors.ts'
import { groupsOf } from '../accounts/accounts.ts'
import { AccountError, checkName } from '../accounts/administer/errors.ts'
import { readGroups } from '../accounts/administer/groups.ts'
import { robotNameFault, userNameFault } from '../accounts/names.ts'
import { certificateIdentity, readAttributes } from '../certificate.ts'
import type { DocumentSource } from '../document.ts'
import { awsIdentity } from '../iam/aws.ts'
import { callerOf } from '../iam/caller.ts'
import { ANONYMOUS, type Identity, ROBOT_PREFIX } from '../identity.ts'
import { splitAt } from './subject.ts'

/** Ways to name a caller, beside claims. */
export const CALLERS =
  'anonymous, user:NAME, robot:NAME, aws:ARN, certificate:CN=NAME, claim:NAME=VALUE'

/** The bearer of another issuer's token with these claims. */
export const byClaims = (claims: Readonly<Record<string, unknown>>): Identity => ({
  kind: 'token',
  name: typeof claims.sub === 'string' ? claims.sub : '',
  groups: [],
  claims,
})

const byCertificate = (attributes: string): Identity => {
  const read = attributes === '*' ? undefined : readAttributes(attributes)
  if (read === undefined) {
    throw new AccountError(
      'INVALID',
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
    throw new AccountError(
      'INVALID',
      `${quoted(arn)}: expected the ARN of a user or role, as in aws:arn:aws:iam::123456789012:role/ci`,
    )
  }
  return awsIdentity(caller)
}

/**
 * Reads who a caller is. Accounts have the groups that the store says they have; whether there is such an account, nobody
 * looks.
 *
 * @param expected the ways to name one, for the message
 * @throws AccountError INVALID
 */
export const readCaller = async (
  store: DocumentSource,
  text: string,
  expected: string = CALLERS,
): Promise<Identity> => {
  if (text === 'anonymous') return ANONYMOUS
  const [kind, name = ''] = splitAt(text, ':')
  if (kind === 'user' || kind === 'robot') {
    checkName(kind, name, kind === 'user' ? userNameFault : robotNameFault)
    const account = kind === 'user' ? name : `${ROBOT_PREFIX}${name}`
    return { kind, name: account, groups: groupsOf(await readGroups(store), account), claims: {} }
  }
  if (kind === 'certificate') return byCertificate(name)
  if (kind === 'aws') return byArn(name)
  const [claim, value] = splitAt(name, '=')
  if (kind !== 'claim' || claim === '' || value === undefined) {
    throw new AccountError('INVALID', `${quoted(text)} is not a caller: expected ${expected}`)
  }
  return byClaims({ [claim]: value })
}
