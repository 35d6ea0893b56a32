/**
 * A strict STS for tests, for GetCallerIdentity alone: it verifies signatures as the tests' own S3 does.
 *
 * @module
 */

import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { S3Error } from '../s3/errors.ts'
import { authenticate } from '../s3/sigv4.ts'
import { parseTarget, queryValue } from '../s3/target.ts'

/** Who has credentials. */
export interface StsCaller {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** Who that is, as STS says it. */
  readonly arn: string
}

export interface StsServer {
  /** For example `http://127.0.0.1:9000`. */
  readonly endpoint: string
  /** What it was sent. */
  readonly asked: { readonly url: string; readonly headers: IncomingHttpHeaders }[]
  /** What it does instead of its work, if that is set. */
  instead: RequestListener | undefined
  close(): Promise<void>
}

/** A response of GetCallerIdentity. */
export const callerXml = (arn: string, account = arn.split(':')[4]): string =>
  `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>${arn}</Arn>
    <UserId>AIDACKCEVSQ6C2EXAMPLE</UserId>
    <Account>${account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>
`

const errorXml = (code: string): string =>
  `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>No.</Message></Error></ErrorResponse>`

/** The Region of the name that it is called by: it has all names. */
const regionOf = (host: string): string => {
  const [, region] = host.match(/^sts\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/) ?? []
  return region ?? 'us-east-1'
}

/** Starts one. @param now clock in milliseconds */
export const startSts = async (
  callers: readonly StsCaller[],
  now: () => number,
): Promise<StsServer> => {
  const asked: StsServer['asked'] = []
  const identify = (method: string, url: string, headers: IncomingHttpHeaders): string => {
    const target = parseTarget(url)
    const [id] = queryValue(target, 'X-Amz-Credential')?.split('/') ?? []
    const caller = callers.find(({ accessKeyId }) => accessKeyId === id)
    if (caller === undefined) throw new S3Error('InvalidAccessKeyId')
    const credentials = { ...caller, region: regionOf(headers.host ?? ''), service: 'sts' }
    authenticate({ method, target, headers }, credentials, now())
    if (Number(queryValue(target, 'X-Amz-Expires')) > 900) throw new S3Error('AccessDenied')
    if (target.path !== '/' || queryValue(target, 'Action') !== 'GetCallerIdentity') {
      throw new S3Error('AccessDenied')
    }
    return caller.arn
  }
  const sts: StsServer = {
    endpoint: '',
    asked,
    instead: undefined,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    asked.push({ url, headers })
    if (sts.instead !== undefined) return sts.instead(request, response)
    try {
      response.end(callerXml(identify(method, url, headers)))
    } catch (error) {
      if (!(error instanceof S3Error)) throw error
      response.writeHead(error.status === 400 ? 400 : 403).end(errorXml(error.code))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(sts, { endpoint: `http://127.0.0.1:${port}` })
}
