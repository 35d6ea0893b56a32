/**
 * Where AWS Lambda wants the server of a Web Function to listen.
 *
 * @module
 */

import { SettingsError } from '../../compose/errors.ts'

/** The variable by which Lambda says it. */
export const ENDPOINT = 'AWS_LAMBDA_HTTP_ENDPOINT'

export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * Reads an endpoint: `<host>:<port>`, or a URL. Both are taken, since AWS's documents name a host and a
 * port and not their form.
 *
 * @throws SettingsError if it is neither
 */
export const parseEndpoint = (value: string | undefined): Address => {
  const url = URL.parse(/^[a-z]+:\/\//i.test(value ?? '') ? (value ?? '') : `http://${value}`)
  const plain = url !== null && url.username + url.password + url.search + url.hash === ''
  if (value && plain && url.protocol === 'http:' && url.pathname === '/' && url.hostname) {
    return {
      host: url.hostname.replace(/^\[(.+)\]$/, '$1'),
      // URL leaves out the port of its scheme.
      port: url.port === '' ? 80 : Number(url.port),
    }
  }
  const given = value === undefined ? 'not set' : JSON.stringify(value)
  throw new SettingsError(
    `${ENDPOINT} is ${given}: expected <host>:<port> or http://<host>:<port>, as Lambda sets it for a Web Function`,
  )
}
