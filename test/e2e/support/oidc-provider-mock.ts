/**
 * Starts oidc-provider-mock, which stands for issuers of another make: it is Python, signs with RSA, and gives ID tokens by
 * the code flow, in which `aud` is the client's name.
 *
 * @module
 */

import { join } from 'node:path'
import { freePort, responds, startDaemon, toolCache } from '../../support/live/process.ts'

/** Claims of a user's tokens beside the standard ones. */
export type UserClaims = Readonly<Record<string, unknown>> & { readonly sub: string }

export interface OidcProviderMock {
  readonly issuer: string
  /** An ID token. @param audience the client that asks for it */
  token(sub: string, audience: string): Promise<string>
  close(): Promise<void>
}

/** Where the browser would be sent back to; nothing listens there. */
const REDIRECT = 'http://127.0.0.1:9/callback'

/** The code that is in the URL to which the provider sends a browser after its form. */
const codeFor = async (issuer: string, sub: string, client: string): Promise<string> => {
  const url = new URL('/oauth2/authorize', issuer)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client,
    redirect_uri: REDIRECT,
    scope: 'openid',
  }).toString()
  const body = new URLSearchParams({ sub })
  const response = await fetch(url, { method: 'POST', body, redirect: 'manual' })
  const location = response.headers.get('location')
  const code = location && new URL(location).searchParams.get('code')
  if (!code) throw new Error(`oidc-provider-mock gave no code: ${response.status} ${location}`)
  return code
}

/** Starts one with some users. */
export const startOidcProviderMock = async (
  users: readonly UserClaims[],
): Promise<OidcProviderMock> => {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const claims = users.flatMap((user) => ['--user-claims', JSON.stringify(user)])
  const daemon = await startDaemon({
    name: 'oidc-provider-mock',
    command: join(toolCache, 'bin/oidc-provider-mock'),
    args: ['--port', String(port), '--host', '127.0.0.1', ...claims],
    ready: () => responds(`${issuer}/.well-known/openid-configuration`),
  })
  return {
    issuer,
    async token(sub, audience) {
      const response = await fetch(`${issuer}/oauth2/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${Buffer.from(`${audience}:any`).toString('base64')}` },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: await codeFor(issuer, sub, audience),
          redirect_uri: REDIRECT,
        }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`oidc-provider-mock: ${response.status} ${text}`)
      return JSON.parse(text).id_token
    },
    close: () => daemon.stop(),
  }
}
