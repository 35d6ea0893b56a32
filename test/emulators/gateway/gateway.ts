/**
 * API Gateway's HTTP API in front of a Lambda function: its limits, requests as events, results as
 * answers. What it does and does not do is in AWS's "Quotas for configuring and running an HTTP API"
 * and "Transform API requests and responses for HTTP APIs"; habits.ts has what these leave open.
 *
 * @module
 */

import type { Answer, Sent } from '../../support/hosts/host.ts'
import { answerOf, refusal } from './answer.ts'
import { eventOf, type Received } from './event.ts'
import { EventTooLarge, FunctionError, type Invoke } from './function.ts'
import type { GatewayHabits } from './habits.ts'

/** Bytes of the request line and all headers together. */
export const MAX_HEADERS = 10_240
/** Bytes of a body. */
export const MAX_BODY = 10 * 1024 * 1024
/** Milliseconds that a function has for an answer. */
export const TIMEOUT = 30_000

const DOMAIN = 'registry.example.com'

/** A gateway before a function. */
export interface GatewayOptions {
  readonly invoke: Invoke
  readonly habits: GatewayHabits
  /** Milliseconds instead of {@link TIMEOUT}. */
  readonly timeout?: number
}

const joined = (sent: Sent): Record<string, string> =>
  Object.fromEntries(
    Object.entries(sent.headers ?? {}).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === 'string' ? value : value.join(', '),
    ]),
  )

/** Reads a body as far as the gateway does. @returns undefined for one that is too large */
export const readBody = async (body: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > MAX_BODY) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** What is refused before a body is read, or undefined. */
export const refuseEarly = ({
  method,
  target,
  headers,
}: Pick<Received, 'method' | 'target' | 'headers'>): Answer | undefined => {
  const lines = Object.entries(headers).map(([name, value]) => name.length + value.length + 4)
  const size = lines.reduce((sum, each) => sum + each, method.length + target.length + 11)
  if (size > MAX_HEADERS) return refusal(431, 'Request Header Fields Too Large')
  if (/%(?![0-9a-f]{2})|%ff/i.test(target)) return refusal(400, 'Bad Request')
  if (Number(headers['content-length'] ?? 0) > MAX_BODY) return tooLarge()
  return undefined
}

/** The answer to a body over {@link MAX_BODY}. */
export const tooLarge = (): Answer => refusal(413, 'Request Entity Too Large')

const within = async <T>(work: Promise<T>, timeout: number): Promise<T | undefined> => {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeout)
  })
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * What the function made of a request, or what the gateway answers where it made nothing of it in time.
 *
 * @param ask throws EventTooLarge or FunctionError
 */
export const limited = async <T>(
  ask: () => Promise<T>,
  { tooLarge: status }: Pick<GatewayHabits, 'tooLarge'>,
  timeout = TIMEOUT,
): Promise<{ readonly result: T } | { readonly refused: Answer }> => {
  try {
    const result = await within(ask(), timeout)
    return result === undefined ? { refused: refusal(503, 'Service Unavailable') } : { result }
  } catch (error) {
    if (error instanceof EventTooLarge && status === 413) return { refused: tooLarge() }
    if (error instanceof EventTooLarge || error instanceof FunctionError) {
      return { refused: refusal(500, 'Internal Server Error') }
    }
    throw error
  }
}

/** Hands a request, received whole, to the function. */
export const pass = async (
  { invoke, habits, timeout }: GatewayOptions,
  received: Received,
): Promise<Answer> => {
  const asked = await limited(
    async () => invoke(eventOf(received, habits.decodesPath)),
    habits,
    timeout,
  )
  return 'refused' in asked ? asked.refused : answerOf(received.method, asked.result, habits)
}

/** Sends a request through the gateway, without a network. */
export const sendThrough = async (options: GatewayOptions, sent: Sent): Promise<Answer> => {
  const { method, target, body } = sent
  const headers = joined(sent)
  if (body instanceof Uint8Array) headers['content-length'] ??= String(body.byteLength)
  const refused = refuseEarly({ method, target, headers })
  if (refused) return refused
  const bytes = body instanceof Uint8Array ? Buffer.from(body) : await readBody(body ?? none())
  if (bytes === undefined) return tooLarge()
  const sendsLength = body !== undefined || !['GET', 'HEAD', 'DELETE'].includes(method)
  if (sendsLength) headers['content-length'] ??= String(bytes.byteLength)
  return pass(options, {
    method,
    target,
    headers,
    body: bytes,
    sourceIp: '192.0.2.7',
    domain: DOMAIN,
  })
}

async function* none(): AsyncGenerator<Uint8Array> {}
