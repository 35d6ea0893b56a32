/**
 * Tokens of Amazon ECR, by the credentials of the function or machine, which may `ecr:GetAuthorizationToken`. What a token
 * gives is what these may.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
 * @module
 */

import * as z from '../../shared/schema.ts'
import type { EcrUsers } from '../../upstreams/ecr.ts'
import { type CallOptions, callAws } from './call.ts'

/** Milliseconds before its end, after 12 hours, at which a token is not used any more. */
const MARGIN = 10 * 60_000

const answer = z.object({
  authorizationData: z
    .array(z.object({ authorizationToken: z.string(), expiresAt: z.number() }))
    .check(z.minLength(1)),
})

/** A function that throws Error when ECR gives none. */
export const ecrUsers =
  (options: CallOptions = {}): EcrUsers =>
  async (region) => {
    const response = await callAws(
      {
        service: 'ecr',
        host: 'api.ecr',
        region,
        path: '/',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
        },
        body: '{}',
      },
      options,
    )
    const { data } = answer.safeParse(await response.json())
    const [given] = data?.authorizationData ?? []
    const pair = Buffer.from(given?.authorizationToken ?? '', 'base64').toString()
    const colon = pair.indexOf(':')
    if (given === undefined || colon < 1) throw new Error(`ECR in ${region} gives no token`)
    const user = { name: pair.slice(0, colon), password: pair.slice(colon + 1) }
    return { user, until: given.expiresAt * 1000 - MARGIN }
  }
