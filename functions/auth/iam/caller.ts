/**
 * Who STS says has signed a request.
 *
 * @module
 */

import { partitionOf } from '../../shared/aws-log-in.ts'
import { accountOf } from './aws.ts'

const WHOLE =
  /^\s*(?:<\?xml[^>]*\?>\s*)?<GetCallerIdentityResponse[\s>].*<\/GetCallerIdentityResponse>\s*$/s

/** The text of an element that is there once, without markup or escaped characters. */
const only = (xml: string, name: string): string => {
  const found = [...xml.matchAll(new RegExp(`<${name}>([^<&]*)</${name}>`, 'g'))]
  return found.length === 1 ? (found[0]?.[1]?.trim() ?? '') : ''
}

/** Service and the rest. */
const ARN = /^arn:[a-z-]+:(iam|sts)::\d{12}:([!-~]{1,700})$/

/** What can sign, as the rest of an ARN of a service. */
const FORMS: Readonly<Record<string, RegExp>> = {
  iam: /^(?:root|(?:user|role)\/[!-~]+)$/,
  sts: /^(?:assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+|federated-user\/[\w+=,.@-]+)$/,
}

/**
 * The ARN by which a caller is known: of a user, of the root of an account, of a federated user, or of the role
 * whose session it is; of that, STS does not say which path it has.
 *
 * @returns undefined for what is not the ARN of a caller
 */
export const callerOf = (arn: string): string | undefined => {
  const [, service = '', rest = ''] = arn.match(ARN) ?? []
  if (!FORMS[service]?.test(rest)) return undefined
  return arn.replace(
    /^(arn:[a-z-]+):sts::(\d{12}):assumed-role\/([^/]+)\/.*$/,
    '$1:iam::$2:role/$3',
  )
}

/**
 * Reads the response of GetCallerIdentity.
 *
 * @param region that was asked
 * @returns see {@link callerOf}
 * @throws Error when it names nobody
 */
export const readCaller = (xml: string, region: string): string => {
  if (!WHOLE.test(xml)) throw new Error('it is no response to GetCallerIdentity')
  const arn = only(xml, 'Arn')
  const caller = callerOf(arn)
  const fits =
    arn.startsWith(`arn:${partitionOf(region).name}:`) && accountOf(arn) === only(xml, 'Account')
  if (caller === undefined || !fits) throw new Error('it names nobody who can log in')
  return caller
}
