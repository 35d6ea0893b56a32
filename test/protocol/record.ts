/**
 * Sends steps and writes down what came back, without what differs from run to run.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { Answer, Sent } from '../support/hosts/host.ts'
import type { Step } from './steps.ts'

/** A registry that is recorded. */
export interface Subject {
  send(sent: Sent): Promise<Answer>
  /** Operations the store was asked for since it was last called, by name; absent on files. */
  calls?(): Readonly<Record<string, number>>
  /** Authorization of a user. */
  credentials?(user: string): string
}

/** Headers of the connection, not of the registry, and those that the clock decides. */
const SKIPPED = new Set(['connection', 'date', 'keep-alive'])

/** Headers that every response has; they are written down where they are missing or others. */
const ALWAYS: Readonly<Record<string, string>> = {
  'docker-distribution-api-version': 'registry/2.0',
  'x-content-type-options': 'nosniff',
  'x-request-id': '<id>',
}

/** What no two runs have in common. */
const VARIES: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>'],
  [/"(deletedAt|undeletableUntil)":"[^"]*"/g, '"$1":"<date>"'],
  [/_state=[\w.-]+/g, '_state=<state>'],
  [/https?:\/\/[^/"\s]+\/(?!token)[^?"\s]*?(registry\/[^?\s]*)\?\S*/g, '<store>/$1?<signature>'],
  [/(https?:\/\/)[^/"\s]+/g, '$1<host>'],
]

const steady = (text: string): string =>
  VARIES.reduce((rest, [pattern, name]) => rest.replace(pattern, name), text)

const json = ({ headers, body }: Answer) =>
  headers.get('Content-Type')?.includes('json') && body.length > 0
    ? JSON.parse(body.toString())
    : undefined

/** The body in few words: an error's code, small JSON as it is, a digest of anything else. */
const bodyOf = (answer: Answer): string => {
  const { body, status } = answer
  if (body.length === 0) return 'empty'
  const parsed = json(answer)
  if (status >= 400) return `error ${parsed?.errors?.[0]?.code ?? 'without a code'}`
  if (parsed?.token !== undefined) return `token (${Object.keys(parsed).sort().join(', ')})`
  if (parsed?.keys !== undefined) return `${parsed.keys.length} keys`
  if (parsed?.parts !== undefined) return `${parsed.parts.length} parts`
  if (parsed !== undefined && body.length < 500) return steady(body.toString())
  return `${body.length} bytes, sha256:${createHash('sha256').update(body).digest('hex').slice(0, 12)}`
}

/** Lines of the headers. The length of an error or a token depends on words and time. */
const headersOf = (answer: Answer): string[] => {
  const parsed = json(answer)
  const varying =
    answer.status >= 400 ||
    [parsed?.token, parsed?.keys, parsed?.parts].some((each) => each !== undefined)
  const shown = ([name, value]: readonly [string, string]): string => {
    if (name === 'x-request-id') return '<id>'
    return name === 'content-length' && varying && value !== '0' ? '<length>' : steady(value)
  }
  const missing = Object.keys(ALWAYS).filter((name) => !answer.headers.has(name))
  const present = [...answer.headers]
    .filter(([name]) => !SKIPPED.has(name))
    .map(([name, value]) => [name, shown([name, value])] as const)
    .filter(([name, value]) => ALWAYS[name] !== value)
    .map(([name, value]) => `${name}: ${value}`)
  return [...present.sort(), ...missing.map((name) => `no ${name}`)]
}

const callsOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([operation, count]) => `${operation} ${count}`)
    .sort()
    .join(', ') || 'none'

/** Sends the steps one after another. @returns the record, a paragraph a step */
export const record = async (subject: Subject, steps: readonly Step[]): Promise<string> => {
  const locations = new Map<string, string>()
  let token = ''
  const paragraphs: string[] = []
  subject.calls?.()
  for (const { send, headers = {}, body, keep, as } of steps) {
    const [, method = '', written = ''] = send.match(/^(\S+) (.*)$/s) ?? []
    const [, name, rest] = written.match(/^@([^?&]*)(.*)$/s) ?? []
    const location = name === undefined ? undefined : (locations.get(name) ?? '/no-location')
    const target =
      location === undefined
        ? written
        : new URL(location, 'http://x').href.slice('http://x'.length) + rest
    const authorization = as === 'token' ? `Bearer ${token}` : as && subject.credentials?.(as)
    const answer = await subject.send({
      method,
      target: target.startsWith('/') ? target : written,
      headers: authorization ? { ...headers, Authorization: authorization } : headers,
      body: typeof body === 'string' ? Buffer.from(body) : body,
    })
    const next = answer.headers.get('Location')
    if (next !== null) for (const each of keep ? ['', keep] : ['']) locations.set(each, next)
    token = json(answer)?.token ?? token
    const sent = Object.entries(headers).map(([key, value]) => `  > ${key}: ${steady(value)}`)
    const lines = [
      `${send}${as ? ` (${as})` : ''}`,
      ...sent,
      `  ${answer.status} ${bodyOf(answer)}`,
      ...headersOf(answer).map((line) => `  ${line}`),
      ...(subject.calls ? [`  calls: ${callsOf(subject.calls())}`] : []),
    ]
    paragraphs.push(lines.join('\n'))
  }
  return `${paragraphs.join('\n\n')}\n`
}
