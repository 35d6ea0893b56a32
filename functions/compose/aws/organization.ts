/**
 * The accounts of the organization that this registry's own account is in (AWS Organizations, ListAccounts). AWS
 * answers only the management account and delegated administrators.
 *
 * @module
 */

import { defaultProvider } from '@aws-sdk/credential-provider-node'
import { Sha256 } from '@smithy/core/checksum'
import { HttpRequest } from '@smithy/core/protocols'
import { SignatureV4 } from '@smithy/signature-v4'
import { AccessError } from '../../auth/errors.ts'
import { partitionOf } from '../../shared/aws-log-in.ts'
import { cached } from '../../shared/cached.ts'
import * as z from '../../shared/schema.ts'
import type { Credentials } from './sign-v4a.ts'

/** Milliseconds until the accounts are listed again. */
const MAX_AGE = 60 * 60_000
/** Milliseconds for which a list is used while there is no other. */
const STALE = 24 * 60 * 60_000
/** Milliseconds between two attempts. */
const COOLDOWN = 10_000
/** Milliseconds that a page may take. */
const TIMEOUT = 5_000
/** Most pages, of 20 accounts: more than an organization can have. */
const MAX_PAGES = 5_000

/** Where Organizations is, by partition: in one Region of each. */
const HOME: Readonly<Record<string, string>> = {
  aws: 'us-east-1',
  'aws-cn': 'cn-northwest-1',
  'aws-us-gov': 'us-gov-west-1',
}

const page = z.object({
  Accounts: z.array(
    z.object({ Id: z.string(), State: z.optional(z.string()), Status: z.optional(z.string()) }),
  ),
  NextToken: z.nullish(z.string()),
})

export interface OrganizationOptions {
  /** Any Region of the partition. */
  readonly region: string
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Default: those that the SDK finds. */
  readonly credentials?: () => Promise<Credentials>
  readonly send?: typeof fetch
}

/** The accounts that are active, listed when they are first needed and then once an hour. */
export const organizationAccounts = ({
  region,
  now,
  credentials = defaultProvider(),
  send = fetch,
}: OrganizationOptions) => {
  const partition = partitionOf(region)
  const home = HOME[partition.name] ?? region
  const host = `organizations.${home}.${partition.suffix}`

  const listPage = async (NextToken: string | undefined): Promise<z.output<typeof page>> => {
    const body = JSON.stringify({ MaxResults: 20, ...(NextToken && { NextToken }) })
    const request = new HttpRequest({
      method: 'POST',
      hostname: host,
      path: '/',
      headers: {
        host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AWSOrganizationsV20161128.ListAccounts',
      },
      body,
    })
    const service = { service: 'organizations', region: home, credentials, sha256: Sha256 }
    const signed = await new SignatureV4(service).sign(request, { signingDate: new Date(now()) })
    const { host: _, ...headers } = signed.headers
    const signal = AbortSignal.timeout(TIMEOUT)
    const answer = await send(`https://${host}/`, {
      ...{ method: 'POST', headers, body, redirect: 'error', signal },
    })
    if (answer.ok) return page.parse(await answer.json())
    throw new Error(
      `the response to ListAccounts was ${answer.status}: ${(await answer.text()).slice(0, 300)}`,
    )
  }

  const list = async (): Promise<ReadonlySet<string>> => {
    const found = new Set<string>()
    let next: string | undefined
    for (let at = 0; at < MAX_PAGES; at++) {
      const { Accounts, NextToken } = await listPage(next)
      for (const { Id, State, Status } of Accounts) {
        if ((State ?? Status) === 'ACTIVE') found.add(Id)
      }
      if (!NextToken) return found
      next = NextToken
    }
    throw new Error(`ListAccounts has more than ${MAX_PAGES} pages`)
  }

  const accounts = cached(
    async () => {
      try {
        return await list()
      } catch (cause) {
        const message =
          'the accounts of the organization cannot be listed at the moment: see --aws-accounts'
        throw new AccessError('UNAVAILABLE', message, { cause })
      }
    },
    { now, maxAge: MAX_AGE, stale: STALE, cooldown: COOLDOWN },
  )
  return {
    /** @throws AccessError UNAVAILABLE when they cannot be listed */
    has: async (account: string): Promise<boolean> => (await accounts.get()).has(account),
  }
}
