/**
 * The token of a job of GitHub Actions, which may ask for one if it has the permission `id-token: write`.
 *
 * @module
 */

import { secureUrl } from '../shared/secure-url.ts'
import { CredentialError } from './errors.ts'
import type { Surroundings } from './surroundings.ts'

/** Milliseconds until it is given up. */
const TIMEOUT = 10_000

/**
 * Asks for one.
 *
 * https://docs.github.com/actions/reference/openid-connect-reference
 *
 * @returns undefined outside of GitHub Actions, and without the permission
 * @throws CredentialError when there is no token in the response
 */
export const githubToken = async (
  { env, fetch }: Surroundings,
  audience: string,
): Promise<string | undefined> => {
  const given = env.ACTIONS_ID_TOKEN_REQUEST_URL
  const secret = env.ACTIONS_ID_TOKEN_REQUEST_TOKEN
  if (!given || !secret) return undefined
  const url = secureUrl(given)
  if (url === undefined) {
    throw new CredentialError('ACTIONS_ID_TOKEN_REQUEST_URL is not an https URL')
  }
  url.searchParams.set('audience', audience)
  try {
    const response = await fetch(url, {
      headers: { Authorization: `Bearer ${secret}`, Accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT),
    })
    if (!response.ok) throw new Error(`the response was ${response.status}`)
    const { value } = (await response.json()) as { readonly value?: unknown }
    if (typeof value !== 'string') throw new Error('the response has no value')
    return value
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CredentialError(`GitHub gave no token for ${audience}: ${why}`, { cause })
  }
}
