/**
 * Asks AWS STS who has signed a request (GetCallerIdentity).
 *
 * @module
 */

import { REGISTRY_HEADER } from '../../shared/aws-log-in.ts'
import { getFrom } from '../../shared/outgoing.ts'
import { readAll } from '../../storage/bytes.ts'
import { AccessError } from '../errors.ts'
import { type CheckedRequest, refusedLogIn } from './signed-request.ts'

/** Milliseconds that a response may take, body included. */
const TIMEOUT = 5_000
/** Bytes of the largest response. */
const MAX_SIZE = 16 * 1024

const unavailable = (host: string, why: string, cause?: unknown): AccessError =>
  new AccessError(
    'UNAVAILABLE',
    `AWS cannot be asked who this is: ${why}. A registry that takes AWS log-ins needs a way to ${host}`,
    { cause },
  )

/** Why STS refuses a request: its word for it, if it is one. */
const codeOf = (body: string): string | undefined =>
  body.match(/<Code>([A-Za-z.]{1,80})<\/Code>/)?.[1]

interface StsResponse {
  readonly status: number
  readonly body: string
}

const send = async (
  { host, query, registry }: CheckedRequest,
  endpoint: string | undefined,
): Promise<StsResponse> => {
  const base = endpoint === undefined ? `https://${host}` : new URL(endpoint).origin
  const response = await getFrom(new URL(`${base}/?${query}`), {
    headers: { host, [REGISTRY_HEADER]: registry },
    signal: AbortSignal.timeout(TIMEOUT),
    // Within a VPC, STS may be at an endpoint of its own.
    privateAddresses: true,
  })
  const body = Buffer.from(await readAll(response, MAX_SIZE)).toString()
  return { status: response.statusCode ?? 0, body }
}

/**
 * Sends a request to STS. No redirect is followed.
 *
 * @param endpoint where to send it instead of to the host that it is signed for
 * @returns the body of the response
 * @throws AccessError UNAUTHORIZED when STS refuses it; UNAVAILABLE when there is no response in time, or none
 *   that says who it is
 */
export const askSts = async (
  request: CheckedRequest,
  endpoint: string | undefined,
): Promise<string> => {
  const { host } = request
  const { status, body } = await send(request, endpoint).catch((cause: unknown) => {
    const why = cause instanceof Error && cause.name !== 'TimeoutError' ? cause.message : undefined
    throw unavailable(host, why ?? `no response within ${TIMEOUT / 1000} seconds`, cause)
  })
  if (status === 200) return body
  const code = codeOf(body)
  const busy = status === 429 || code?.startsWith('Throttl')
  if ([400, 401, 403].includes(status) && !busy) {
    throw refusedLogIn(`was refused by AWS${code === undefined ? '' : `: ${code}`}`)
  }
  throw unavailable(host, `the response was ${[status, code].filter(Boolean).join(' ')}`)
}
