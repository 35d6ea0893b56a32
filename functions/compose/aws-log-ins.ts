/**
 * Log-ins with credentials of AWS, as the settings have them.
 *
 * @module
 */

import { type AwsLogIns, accountOf, awsPattern } from '../auth/iam/aws.ts'
import type { Live } from '../auth/live.ts'
import { type Policy, withRule } from '../auth/policy/policy.ts'
import { once } from '../shared/once.ts'
import type { Settings } from './settings.ts'

type AwsSettings = Pick<
  Settings,
  'aws-regions' | 'aws-accounts' | 'aws-audience' | 'aws-sts-endpoint' | 'public-url'
>

/** Whether a caller is of an account in the organization of the registry's own. */
const inOrganization = (region: string, now: () => number) => {
  const open = once(async () => {
    const { organizationAccounts } = await import('./aws/organization.ts')
    return organizationAccounts({ region, now })
  })
  return async (arn: string): Promise<boolean> => (await open()).has(accountOf(arn))
}

/** Opens them; undefined if no Region is set. Nothing is loaded before the first. */
export const openAwsLogIns = (settings: AwsSettings, now: () => number): AwsLogIns | undefined => {
  const regions = settings['aws-regions']
  const [region] = regions ?? []
  if (regions === undefined || region === undefined) return undefined
  const who = settings['aws-accounts'] ?? []
  const patterns = who === 'organization' ? [() => true] : who.map(awsPattern)
  const accepts = (arn: string): boolean => patterns.some((matches) => matches(arn))
  const mayLogIn =
    who === 'organization'
      ? inOrganization(region, now)
      : async (arn: string): Promise<boolean> => accepts(arn)
  const url = settings['public-url']
  const names = settings['aws-audience'] ?? (url === undefined ? [] : [new URL(url).host])
  const endpoint = settings['aws-sts-endpoint']
  const opened = once(async () => {
    const { createAwsLogIns } = await import('../auth/iam/log-in.ts')
    return createAwsLogIns({ regions, names, mayLogIn, endpoint, now })
  })
  return {
    accepts,
    logIn: async (...given) => (await opened()).logIn(...given),
  }
}

/** A policy that also lets callers pull and push, where its own rules say nothing. */
export const allowingAws = (policy: Live<Policy>, who: Settings['aws-allow']): Live<Policy> => {
  if (who === undefined) return policy
  const rule = {
    who: who.map((each) => `aws:${each}`),
    repositories: ['**'],
    actions: ['pull' as const, 'push' as const],
    effect: 'allow' as const,
  }
  let last: { readonly base: Policy; readonly all: Policy } | undefined
  return {
    async get() {
      const base = await policy.get()
      if (last?.base !== base) last = { base, all: withRule(base, rule) }
      return last.all
    },
  }
}
