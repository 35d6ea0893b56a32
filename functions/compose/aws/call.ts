/**
 * Single requests to services of AWS, signed, for which a client of the SDK would be loaded for one operation.
 *
 * @module
 */

import { defaultProvider } from '@aws-sdk/credential-provider-node'
import { Sha256 } from '@smithy/core/checksum'
import { HttpRequest } from '@smithy/core/protocols'
import { SignatureV4 } from '@smithy/signature-v4'
import { partitionOf } from '../../shared/aws-log-in.ts'
import type { Credentials } from './sign-v4a.ts'

/** Milliseconds that a request may take. */
const TIMEOUT = 5_000

/** What calls need of the process; tests have others. */
export interface CallOptions {
  /** Where services are, if not at AWS: `AWS_ENDPOINT_URL`. */
  readonly endpoint?: string | undefined
  /** Default: those that the SDK finds. */
  readonly credentials?: () => Promise<Credentials>
  readonly send?: typeof fetch
  /** Clock in milliseconds since 1970. */
  readonly now?: () => number
}

/** A request. */
export interface Call {
  /** As it is signed for, such as `lambda`. */
  readonly service: string
  /** The host in place of its Region's, before the partition's own end. Default: the service. */
  readonly host?: string
  readonly region: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A POST to a service. The body of the response must be read. @throws Error for a status that is not 2xx */
export const callAws = async (
  { service, host: name = service, region, path, headers, body }: Call,
  { endpoint, credentials = defaultProvider(), send = fetch, now = Date.now }: CallOptions = {},
): Promise<Response> => {
  const base = new URL(endpoint || `https://${name}.${region}.${partitionOf(region).suffix}`)
  const request = new HttpRequest({
    method: 'POST',
    hostname: base.hostname,
    path,
    headers: { host: base.host, ...headers },
    body,
  })
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 })
  const signed = await signer.sign(request, { signingDate: new Date(now()) })
  const { host: _, ...signedHeaders } = signed.headers
  const response = await send(new URL(path, base), {
    ...{ method: 'POST', headers: signedHeaders, body, redirect: 'error' },
    signal: AbortSignal.timeout(TIMEOUT),
  })
  if (response.ok) return response
  throw new Error(
    `${name} in ${region} responded ${response.status}: ${(await response.text()).slice(0, 300)}`,
  )
}
