/**
 * Log-ins with AWS credentials, as the rest of access control sees them. What decides them is in the files beside
 * this, loaded with the first.
 *
 * @module
 */

import { matchTokens, wildcardTokens } from '../../shared/glob.ts'
import { AccessError } from '../errors.ts'
import type { Identity } from '../identity.ts'

/** Log-ins of callers who have credentials of AWS. */
export interface AwsLogIns {
  /**
   * Who sends a password that is a signed request to STS.
   *
   * @param name the user name that it came with
   * @param address of the client
   * @throws AccessError UNAUTHORIZED for one that is not valid, or of somebody who may not log in;
   *   UNAVAILABLE when AWS cannot be asked; TOOMANYREQUESTS while it is asked about too many
   */
  logIn(name: string, password: string, address: string): Promise<Identity>
  /** Whether a caller is among those that may log in. It asks nobody. @param arn its name */
  accepts(arn: string): boolean
}

/** The account that an ARN is of. */
export const accountOf = (arn: string): string => arn.split(':')[4] ?? ''

/** Whether an ARN is of an account, or as a pattern says. @param text an account, or a pattern of ARNs */
export const awsPattern = (text: string): ((arn: string) => boolean) => {
  if (/^\d+$/.test(text)) return (arn) => accountOf(arn) === text
  const tokens = wildcardTokens(text)
  return (arn) => matchTokens(tokens, arn)
}

/** A caller by the ARN of its user or role. */
export const awsIdentity = (arn: string): Identity => ({
  kind: 'aws',
  name: arn,
  groups: [],
  claims: {},
})

/** `AwsLogIns.logIn`, also where there are none. */
export const awsLogIn = async (
  aws: AwsLogIns | undefined,
  ...given: Parameters<AwsLogIns['logIn']>
): Promise<Identity> => {
  if (aws !== undefined) return aws.logIn(...given)
  throw new AccessError('UNAUTHORIZED', 'AWS log-ins are off here: see --aws-regions')
}
