/**
 * AWS Signature Version 4 as S3 checks it, in the Authorization header or in the query; and as STS does.
 *
 * @module
 */
import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { S3Error } from './errors.ts'
import { queryValue, type Target } from './target.ts'

const ALGORITHM = 'AWS4-HMAC-SHA256'
const TERMINATOR = 'aws4_request'
/** Most difference between the client's clock and ours, in milliseconds. */
const MAX_SKEW = 15 * 60 * 1000
/** Longest life of a presigned URL in seconds. */
const MAX_EXPIRES = 604_800
const ONE_MECHANISM =
  'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified'

/** The one identity the server knows, and where it says it is. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  /** The service that it is. Default: `s3`. */
  readonly service?: string
  /** What must come with the signature. Default: nothing may. */
  readonly sessionToken?: string
}

/** What an empty body is signed as; S3 alone takes bodies that are not signed. */
const emptyPayload = (service: string): string =>
  service === 's3' ? 'UNSIGNED-PAYLOAD' : sha256('')

/** A request as far as it is signed. */
export interface SignedRequest {
  readonly method: string
  readonly target: Target
  /** Lower-case names; several values of a name joined by a comma. */
  readonly headers: IncomingHttpHeaders
}

interface Claim {
  readonly credential: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** As sent, `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string
  readonly payloadHash: string
  /** Code for a scope that is wrong. */
  readonly malformed: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError'
}

const sha256 = (value: string): string => createHash('sha256').update(value).digest('hex')

const hmac = (key: string | Buffer, value: string): Buffer =>
  createHmac('sha256', key).update(value).digest()

/** The signing key of a day, a region and a service, which most requests have in common. */
const signingKeys = new Map<string, Buffer>()

const signingKeyOf = (secret: string, scope: string): Buffer => {
  const name = `${secret} ${scope}`
  const known = signingKeys.get(name)
  if (known !== undefined) return known
  const [date = '', ...rest] = scope.split('/')
  const key = rest.reduce(hmac, hmac(`AWS4${secret}`, date))
  signingKeys.set(name, key)
  return key
}

/** Percent-encodes all but RFC 3986's unreserved characters. */
export const encodeRfc3986 = (value: string): string =>
  encodeURIComponent(value).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** Milliseconds since the epoch of a compact ISO 8601 time, or NaN. */
const parseTimestamp = (timestamp: string): number => {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp)
  if (match === null) return Number.NaN
  const [, year, month, day, hour, minute, second] = match
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

const headerText = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

const claimOfHeader = (request: SignedRequest, authorization: string, now: number): Claim => {
  if (authorization.startsWith('AWS '))
    throw new S3Error(
      'InvalidRequest',
      `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
    )
  if (!authorization.startsWith(`${ALGORITHM} `))
    throw new S3Error('InvalidArgument', 'Unsupported Authorization Type')
  const fields = new Map(
    authorization
      .slice(ALGORITHM.length)
      .split(',')
      .map((part) => {
        const [name = '', ...value] = part.trim().split('=')
        return [name, value.join('=')]
      }),
  )
  const credential = fields.get('Credential')
  const signedHeaders = fields.get('SignedHeaders')
  const signature = fields.get('Signature')
  if (credential === undefined || signedHeaders === undefined || signature === undefined)
    throw new S3Error('AuthorizationHeaderMalformed')
  const timestamp = headerText(request.headers, 'x-amz-date') ?? ''
  const time = parseTimestamp(timestamp)
  if (Number.isNaN(time))
    throw new S3Error(
      'AccessDenied',
      'AWS authentication requires a valid Date or x-amz-date header',
    )
  if (Math.abs(now - time) > MAX_SKEW)
    throw new S3Error('RequestTimeTooSkewed', undefined, {
      RequestTime: timestamp,
      ServerTime: new Date(now).toISOString(),
      MaxAllowedSkewMilliseconds: MAX_SKEW,
    })
  const payloadHash = headerText(request.headers, 'x-amz-content-sha256')
  if (payloadHash === undefined)
    throw new S3Error(
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    )
  return {
    credential,
    signedHeaders: signedHeaders.split(';'),
    signature,
    timestamp,
    payloadHash,
    malformed: 'AuthorizationHeaderMalformed',
  }
}

const checkExpiry = (timestamp: string, expires: string, now: number): void => {
  const refuse = (message: string): never => {
    throw new S3Error('AuthorizationQueryParametersError', message)
  }
  const time = parseTimestamp(timestamp)
  if (Number.isNaN(time))
    refuse("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
  if (!/^-?\d+$/.test(expires)) refuse('X-Amz-Expires should be a number')
  const seconds = Number(expires)
  if (seconds < 0) refuse('X-Amz-Expires must be non-negative')
  if (seconds > MAX_EXPIRES)
    refuse(
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${MAX_EXPIRES} seconds`,
    )
  if (time - now > MAX_SKEW) throw new S3Error('AccessDenied', 'Request is not valid yet')
  const end = time + seconds * 1000
  if (now > end)
    throw new S3Error('AccessDenied', 'Request has expired', {
      'X-Amz-Expires': seconds,
      Expires: new Date(end).toISOString(),
      ServerTime: new Date(now).toISOString(),
    })
}

const claimOfQuery = (request: SignedRequest, service: string, now: number): Claim => {
  const [algorithm, credential, signedHeaders, signature, timestamp, expires] = [
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-SignedHeaders',
    'X-Amz-Signature',
    'X-Amz-Date',
    'X-Amz-Expires',
  ].map((name) => queryValue(request.target, name))
  if (algorithm !== undefined && algorithm !== ALGORITHM)
    throw new S3Error(
      'AuthorizationQueryParametersError',
      `X-Amz-Algorithm only supports "${ALGORITHM}"`,
    )
  if (
    algorithm === undefined ||
    credential === undefined ||
    signedHeaders === undefined ||
    signature === undefined ||
    timestamp === undefined ||
    expires === undefined
  )
    throw new S3Error(
      'AuthorizationQueryParametersError',
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    )
  checkExpiry(timestamp, expires, now)
  return {
    credential,
    signedHeaders: signedHeaders.split(';'),
    signature,
    timestamp,
    payloadHash:
      headerText(request.headers, 'x-amz-content-sha256') ??
      queryValue(request.target, 'X-Amz-Content-Sha256') ??
      emptyPayload(service),
    malformed: 'AuthorizationQueryParametersError',
  }
}

/** The credential's scope, checked against what the server is. */
const checkScope = (claim: Claim, credentials: Credentials): string => {
  const [accessKeyId, date, region, service, terminator, ...rest] = claim.credential.split('/')
  if (terminator === undefined || rest.length > 0)
    throw new S3Error(
      claim.malformed,
      'The Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    )
  if (accessKeyId !== credentials.accessKeyId)
    throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: accessKeyId ?? '' })
  const wrong = (what: string, given: string | undefined, expected: string): S3Error =>
    new S3Error(claim.malformed, `The ${what} '${given}' is wrong; expecting '${expected}'`, {
      [what === 'region' ? 'Region' : 'Expected']: expected,
    })
  const day = claim.timestamp.slice(0, 8)
  if (date !== day) throw wrong('date', date, day)
  if (region !== credentials.region) throw wrong('region', region, credentials.region)
  const { service: expected = 's3' } = credentials
  if (service !== expected) throw wrong('service', service, expected)
  if (terminator !== TERMINATOR) throw wrong('terminator', terminator, TERMINATOR)
  return [date, region, service, terminator].join('/')
}

/** S3 demands that the host and every x-amz-* header sent are signed. */
const checkSignedHeaders = (claim: Claim, headers: IncomingHttpHeaders): void => {
  const unsigned = Object.keys(headers).filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !claim.signedHeaders.includes(name),
  )
  if (unsigned.length > 0)
    throw new S3Error(
      'AccessDenied',
      'There were headers present in the request which were not signed',
      { HeadersNotSigned: unsigned.join(', ') },
    )
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const canonicalRequest = (request: SignedRequest, claim: Claim): string => {
  const query = request.target.query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const)
    .sort((a, b) => byBytes(a[0], b[0]) || byBytes(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const headers = claim.signedHeaders
    .map((name) => {
      const value = headerText(request.headers, name) ?? ''
      return `${name}:${value.trim().replace(/ +/g, ' ')}\n`
    })
    .join('')
  return [
    request.method,
    request.target.path.split('/').map(encodeRfc3986).join('/'),
    query,
    headers,
    claim.signedHeaders.join(';'),
    claim.payloadHash,
  ].join('\n')
}

const claimOf = (request: SignedRequest, service: string, now: number): Claim => {
  const authorization = request.headers.authorization
  const inQuery =
    queryValue(request.target, 'X-Amz-Algorithm') !== undefined ||
    queryValue(request.target, 'X-Amz-Signature') !== undefined
  if (inQuery && authorization !== undefined) throw new S3Error('InvalidArgument', ONE_MECHANISM)
  if (inQuery) return claimOfQuery(request, service, now)
  if (authorization === undefined) throw new S3Error('AccessDenied')
  return claimOfHeader(request, authorization, now)
}

/**
 * Checks a request's signature and answers with the payload hash it declares (a hex SHA-256 or one
 * of S3's words). Throws AccessDenied, InvalidAccessKeyId, SignatureDoesNotMatch,
 * RequestTimeTooSkewed, and more.
 *
 * @param now milliseconds since the epoch
 */
export const authenticate = (
  request: SignedRequest,
  credentials: Credentials,
  now: number,
): string => {
  const claim = claimOf(request, credentials.service ?? 's3', now)
  const scope = checkScope(claim, credentials)
  const token =
    headerText(request.headers, 'x-amz-security-token') ??
    queryValue(request.target, 'X-Amz-Security-Token')
  if (token !== credentials.sessionToken) throw new S3Error('InvalidToken')
  checkSignedHeaders(claim, request.headers)
  const canonical = canonicalRequest(request, claim)
  const stringToSign = [ALGORITHM, claim.timestamp, scope, sha256(canonical)].join('\n')
  const key = signingKeyOf(credentials.secretAccessKey, scope)
  const absent = claim.signedHeaders.some((name) => request.headers[name] === undefined)
  if (absent || hmac(key, stringToSign).toString('hex') !== claim.signature)
    throw new S3Error('SignatureDoesNotMatch', undefined, {
      AWSAccessKeyId: credentials.accessKeyId,
      StringToSign: stringToSign,
      SignatureProvided: claim.signature,
      CanonicalRequest: canonical,
    })
  return claim.payloadHash
}
