/**
 * Log-ins with AWS credentials: who sends a signed request to STS as a password is whom STS takes for its sender.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { AWS_USER } from '../../shared/aws-log-in.ts'
import { AccessError } from '../errors.ts'
import type { Identity } from '../identity.ts'
import { addressGroup } from '../throttle/failures.ts'
import { type AwsLogIns, awsIdentity } from './aws.ts'
import { readCaller } from './caller.ts'
import { type CheckedRequest, readSignedRequest, refusedLogIn } from './signed-request.ts'
import { askSts } from './sts.ts'

/** Requests to STS at once: anybody can send what looks like one. */
const AT_ONCE = 32
/** Log-ins that are remembered. Each was of somebody who may log in. */
const MAX_REMEMBERED = 10_000

export interface AwsLogInOptions {
  /** Regions whose STS is asked. */
  readonly regions: readonly string[]
  /** Names of this registry, as clients call it, in lower case. */
  readonly names: readonly string[]
  /** Whether a caller may log in. @throws AccessError UNAVAILABLE when that is not known */
  readonly mayLogIn: (arn: string) => Promise<boolean>
  /** Where STS is, if it is not where AWS has it. */
  readonly endpoint: string | undefined
  /** Clock in milliseconds. */
  readonly now: () => number
}

interface Remembered {
  /** Whose log-in it is: others who send the same have it from somebody else. */
  readonly address: string
  readonly identity: Promise<Identity>
}

/** One text for all that has the same signature. */
const keyOf = ({ host, query, registry }: CheckedRequest): string =>
  createHash('sha256').update(`${host}\n${query}\n${registry}`).digest('base64')

/** Makes what log-ins are decided with. */
export const createAwsLogIns = ({
  regions,
  names,
  mayLogIn,
  endpoint,
  now,
}: AwsLogInOptions): Pick<AwsLogIns, 'logIn'> => {
  // They end by their own time, which is checked first.
  const remembered = new LRUCache<string, Remembered>({ maxSize: MAX_REMEMBERED })
  let asking = 0

  const callerOf = async (request: CheckedRequest): Promise<string> => {
    if (asking >= AT_ONCE) {
      const options = { retryAfter: 1 }
      throw new AccessError('TOOMANYREQUESTS', 'too many AWS log-ins at once', options)
    }
    asking += 1
    try {
      const response = await askSts(request, endpoint)
      try {
        return readCaller(response, request.region)
      } catch (cause) {
        const message = `the response of ${request.host} cannot be used`
        throw new AccessError('UNAVAILABLE', message, { cause })
      }
    } finally {
      asking -= 1
    }
  }

  const identify = async (request: CheckedRequest): Promise<Identity> => {
    const arn = await callerOf(request)
    if (await mayLogIn(arn)) return awsIdentity(arn)
    throw refusedLogIn(`is of ${arn}, who may not log in here`)
  }

  return {
    async logIn(name, password, from) {
      if (name !== AWS_USER) throw refusedLogIn(`is for the user name ${AWS_USER}`)
      const request = readSignedRequest(password, { regions, names, now: now() })
      const [key, address] = [keyOf(request), addressGroup(from)]
      const known = remembered.get(key)
      if (known?.address === address) return known.identity
      if (known !== undefined) {
        throw refusedLogIn('was used before, from another address: make another')
      }
      const identity = identify(request)
      remembered.set(key, { address, identity }, { size: 1 })
      try {
        return await identity
      } catch (error) {
        if (remembered.get(key)?.identity === identity) remembered.delete(key)
        throw error
      }
    },
  }
}
