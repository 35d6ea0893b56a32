/**
 * Tables of the protocol: what is sent, and what must be answered.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { WireCode } from '../../../functions/api/errors.ts'
import type { Answer, Host, Sent } from './host.ts'
import { createAgent, sendOver } from './wire.ts'

/** What a header must be: this value, of this form, or not there. */
export type ExpectedHeaders = Readonly<Record<string, string | RegExp | null>>

/** A request and what must come of it. */
export interface Exchange {
  /**
   * Method and target, as in `GET /v2/`. A target that begins with `@` continues where an earlier
   * answer of the same exchange of requests pointed: `@` the last Location, `@name` one kept under
   * that name; what follows, from the first `&` or `?`, is added.
   */
  readonly send: string
  readonly headers?: Sent['headers']
  readonly body?: Sent['body'] | string | undefined
  readonly status: number
  /** Headers of the answer; of the last one, where redirects to the store are followed. */
  readonly expect?: ExpectedHeaders | undefined
  /** Headers that only an answer of the registry itself has, not the store's after a redirect. */
  readonly direct?: ExpectedHeaders | undefined
  /** The body, whole; or a pattern in it. */
  readonly answer?: Uint8Array | string | RegExp
  /** The body, as JSON. */
  readonly json?: unknown
  /** The body is an error with this code, and its message is of this form. */
  readonly error?: WireCode
  readonly message?: RegExp
  /** Name to keep the answer's Location under. */
  readonly keep?: string
  /** Whether a redirect to the store is followed, as clients do; default true. */
  readonly follow?: boolean
}

/** Exchanges that belong together, one after another. */
export interface Row {
  readonly description: string
  readonly steps: readonly Exchange[]
}

const agent = createAgent()

/** Follows a redirect to the store as clients do: the same method, no Authorization. */
const follow = async (answer: Answer, { method, headers = {} }: Sent): Promise<Answer> => {
  const url = new URL(answer.headers.get('Location') ?? '')
  const kept = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization')
  const sent = { method, target: url.pathname + url.search, headers: Object.fromEntries(kept) }
  return sendOver(agent, url.origin, sent)
}

/** Compares an answer's headers with what they must be. */
export const checkHeaders = (headers: Headers, expected: ExpectedHeaders = {}): void => {
  for (const [name, value] of Object.entries(expected)) {
    const actual = headers.get(name)
    if (value instanceof RegExp) assert.match(actual ?? '', value, name)
    else assert.equal(actual, value, name)
  }
}

/** Checks the form that every error has (distribution-spec "Error Codes"), and its code. */
export const checkError = (answer: Answer, code: WireCode, message?: RegExp): void => {
  const { headers, body } = answer
  assert.match(headers.get('Content-Type') ?? '', /^application\/json(?:;|$)/)
  const { errors, ...others } = JSON.parse(body.toString())
  assert.deepEqual(others, {})
  assert.equal(errors.length, 1)
  const [error] = errors
  assert.deepEqual(Object.keys(error), ['code', 'message', 'detail'])
  assert.equal(error.code, code)
  if (message) assert.match(error.message, message)
  assert.ok(error.message.length > 0)
  assert.equal(error.detail.requestId, headers.get('X-Request-Id'))
  assert.ok(error.detail.requestId)
}

const checkBody = (exchange: Exchange, answer: Answer): void => {
  const { answer: expected, json, error, message } = exchange
  if (error !== undefined) checkError(answer, error, message)
  if (json !== undefined) assert.deepEqual(JSON.parse(answer.body.toString()), json)
  if (expected instanceof RegExp) assert.match(answer.body.toString(), expected)
  else if (expected !== undefined) {
    assert.ok(answer.body.equals(Buffer.from(expected)), `body of ${answer.body.length} bytes`)
  }
}

const resolveTarget = (target: string, locations: ReadonlyMap<string, string>): string => {
  const [, name, rest] = target.match(/^@([^?&]*)(.*)$/s) ?? []
  if (name === undefined || rest === undefined) return target
  const location = locations.get(name)
  assert.ok(location, `no Location was kept as ${name}`)
  return location + rest
}

/** Sends one request and checks the answer. */
export const exchange = async (
  host: Pick<Host, 'send'>,
  wanted: Exchange,
  locations: Map<string, string> = new Map(),
): Promise<Answer> => {
  const [, method = '', target = ''] = wanted.send.match(/^(\S+) (.*)$/s) ?? []
  const body = typeof wanted.body === 'string' ? Buffer.from(wanted.body) : wanted.body
  const sent = { method, target: resolveTarget(target, locations), headers: wanted.headers, body }
  const first = await host.send(sent)
  const redirected = first.status === 307 && wanted.follow !== false
  const answer = redirected ? await follow(first, sent) : first
  const said = `${wanted.send}: ${answer.body.subarray(0, 300)}`
  assert.equal(answer.status, wanted.status, said)
  if (method === 'HEAD') assert.equal(answer.body.byteLength, 0)
  checkHeaders(answer.headers, wanted.expect)
  if (!redirected) checkHeaders(answer.headers, wanted.direct)
  checkBody(wanted, answer)
  const location = answer.headers.get('Location')
  if (location !== null) {
    locations.set('', location)
    if (wanted.keep !== undefined) locations.set(wanted.keep, location)
  }
  return answer
}

/** Sends requests one after another and checks the answers. */
export const play = async (host: Host, steps: readonly Exchange[]): Promise<void> => {
  const locations = new Map<string, string>()
  for (const step of steps) await exchange(host, step, locations)
}

/** Defines a test for each row of a table. */
export const table = (host: Host, rows: readonly Row[]): void => {
  for (const { description, steps } of rows) test(description, () => play(host, steps))
}

/** Rows of one exchange each, described by what comes first. */
export const singles = (rows: readonly (readonly [string, Exchange])[]): Row[] =>
  rows.map(([description, step]) => ({ description, steps: [step] }))
