/**
 * Starts oidc-provider, which stands for the issuers of jobs' tokens.
 *
 * @module
 */

import { generateKeyPairSync } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type Daemon, freePort, responds, startDaemon } from '../../support/live/process.ts'

/** Claims of each job's tokens, by its name. */
export type Jobs = Readonly<Record<string, Readonly<Record<string, string>>>>

export interface OidcProvider {
  readonly issuer: string
  /** A token of a job. */
  token(job: string): Promise<string>
  /** Goes on with another key alone. */
  rollOver(): Promise<void>
  close(): Promise<void>
}

const PROGRAM = fileURLToPath(new URL('./oidc-provider.mjs', import.meta.url))

const newKey = (name: string): string => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: name, use: 'sig' })
}

/** Starts it. @param audience `aud` of its tokens */
export const startOidcProvider = async (audience: string, jobs: Jobs): Promise<OidcProvider> => {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const start = (key: string): Promise<Daemon> =>
    startDaemon({
      name: 'oidc-provider',
      command: process.execPath,
      args: [PROGRAM, String(port), audience, key, JSON.stringify(jobs)],
      ready: () => responds(`${issuer}/.well-known/openid-configuration`),
    })
  let daemon = await start(newKey('first'))
  return {
    issuer,
    async token(job) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${Buffer.from(`${job}:${job}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`oidc-provider gave no token: ${response.status} ${text}`)
      return JSON.parse(text).access_token
    },
    async rollOver() {
      await daemon.stop()
      daemon = await start(newKey('second'))
    },
    close: () => daemon.stop(),
  }
}
