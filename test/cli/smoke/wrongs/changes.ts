/**
 * Ways to be wrong: changes to what passes between a client and a registry.
 *
 * @module
 */

import type { Distortion, Passed, Passing } from '../distort.ts'

/** A way to be wrong, and which check must say what of it. */
export interface Wrong {
  readonly check: string
  /** How the registry is wrong. */
  readonly how: string
  readonly distortion: Distortion
  /** What changes at the host that uploads are sent to; only where there is one. */
  readonly upload?: Distortion
  /** What is printed about it. */
  readonly says: RegExp
}

/** What becomes of an answer. */
export type Answer = NonNullable<Distortion['answer']>
/** Whether a request is one that is treated wrongly. */
export type Matches = (asked: Passing) => boolean

/** Whether a request has this method and a path of this form. */
export const on =
  (method: string, path: RegExp): Matches =>
  (asked) =>
    asked.method === method && path.test(new URL(asked.url).pathname)

/** Changes the answers to some requests. */
export const change = (matches: Matches, answer: Answer): Distortion => ({
  answer: (asked, passed) => (matches(asked) ? answer(asked, passed) : passed),
})

/** Sets headers, or takes them away. */
export const headers =
  (changed: Passed['headers']): Answer =>
  (_, passed) => ({ ...passed, headers: { ...passed.headers, ...changed } })

/** Answers another status. */
export const status =
  (code: number): Answer =>
  (_, passed) => ({ ...passed, status: code })

/** What a gateway says in place of the registry. */
export const gatewaySays =
  (code: number): Answer =>
  () => ({
    status: code,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"message":"no"}'),
  })

/** Changes the body. */
export const body =
  (changed: (text: string) => string): Answer =>
  (_, passed) => ({ ...passed, body: Buffer.from(changed(passed.body.toString())) })

/** Requests by what they are for. */
export const PING = on('GET', /^\/v2\/$/)
export const ANY: Matches = () => true
export const START = on('POST', /\/blobs\/uploads\/$/)
export const PATCH = on('PATCH', /./)
export const UPLOAD = /\/blobs\/uploads\/./
export const MANIFEST = /\/manifests\//
export const BLOB = /\/blobs\/sha256/
export const TOKEN = /^\/token$/
/** A part of an upload of at least this many bytes. */
export const larger =
  (size: number): Matches =>
  (asked) =>
    PATCH(asked) && (asked.body?.length ?? 0) >= size

/** Changes fields of a JSON body; undefined takes one away. */
export const withFields = (changed: object): Answer =>
  body((text) => JSON.stringify({ ...JSON.parse(text), ...changed }))
