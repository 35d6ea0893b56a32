/**
 * Uploads as a client may use and misuse them, and what responses it must get.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { type Content, contentOf } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { codeOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { inChunks } from '../support/rig/push.ts'

const MEBIBYTE = 1024 * 1024

/** The bytes that chunks are cut from, at any position. */
const POOL = createHash('shake256', { outputLength: 16 * MEBIBYTE })
  .update('pool')
  .digest()

/** A chunk of the pool. */
interface Chunk {
  readonly from: number
  readonly size: number
}

const bytesOf = ({ from, size }: Chunk): Buffer => POOL.subarray(from, from + size)

/** An action of a client. `upload` and `state` are indices modulo the number there are. */
export type Action = {
  readonly upload: number
  /** Which state of the upload: 0 the last, 1 the one before. */
  readonly state: number
} & (
  | { readonly does: 'begin'; readonly algorithm: 'sha256' | 'sha512' | undefined }
  | {
      readonly does: 'patch'
      readonly chunk: Chunk
      readonly range: 'none' | 'right' | 'early' | 'late'
      readonly chunked: boolean
    }
  | {
      readonly does: 'commit'
      readonly chunk: Chunk | undefined
      readonly digest: 'sha256' | 'sha512' | 'wrong'
      readonly chunked: boolean
    }
  | { readonly does: 'status' | 'cancel' | 'recommit' }
)

/** One action, or two at the same moment. */
export type Step = readonly [Action] | readonly [Action, Action]

const chunk: fc.Arbitrary<Chunk> = fc.record({
  from: fc.nat(4 * MEBIBYTE),
  size: fc.oneof(
    { weight: 8, arbitrary: fc.nat(3000) },
    // Around the part size of 5 MiB, and across two parts.
    { weight: 2, arbitrary: fc.constantFrom(5 * MEBIBYTE - 1, 5 * MEBIBYTE, 5 * MEBIBYTE + 1) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(2 * MEBIBYTE, 9 * MEBIBYTE, 10 * MEBIBYTE, 11_000_000),
    },
  ),
})

const at = {
  upload: fc.nat(2),
  state: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
}

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      ...at,
      does: fc.constant('begin' as const),
      algorithm: fc.constantFrom('sha256', 'sha512', undefined),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      ...at,
      does: fc.constant('patch' as const),
      chunk,
      range: fc.constantFrom('none', 'right', 'right', 'right', 'early', 'late'),
      chunked: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...at,
      does: fc.constant('commit' as const),
      chunk: fc.option(chunk, { nil: undefined }),
      digest: fc.constantFrom('sha256', 'sha256', 'sha512', 'wrong'),
      chunked: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ...at,
      does: fc.constantFrom('status' as const, 'cancel' as const, 'recommit' as const),
    }),
  },
)

/** Sequences of steps, some of them races. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.tuple(action) },
    { weight: 1, arbitrary: fc.tuple(action, action) },
  ),
  { minLength: 3, maxLength: 14 },
)

/** A state the client was given: where to continue, and the bytes it stands for. */
interface KnownState {
  readonly location: string
  readonly bytes: Buffer
}

interface KnownUpload {
  readonly states: KnownState[]
  /** Whether it was always used as intended, so that its responses are certain. */
  clean: boolean
  /** The last commit that succeeded. */
  committed: { readonly request: string; readonly body: Buffer | undefined } | undefined
}

/** A client: what it knows, and what it must find in the end. */
export class UploadModel {
  readonly #send: Send
  readonly #name: string
  readonly #uploads: KnownUpload[] = []
  /** Blobs whose commit returned 201, by the declared digest. */
  readonly committed = new Map<string, Content>()

  constructor(send: Send, name: string) {
    this.#send = send
    this.#name = name
  }

  /** Takes a step: one action, or two at once. */
  async take(step: Step): Promise<void> {
    const [first, second] = step
    if (second === undefined) return this.#act(first, false)
    await Promise.all([this.#act(first, true), this.#act(second, true)])
  }

  /** Checks that what was committed exists and is complete. */
  async check(): Promise<void> {
    for (const [digest, { bytes }] of this.committed) {
      const { body } = await expectStatus(200, this.#send(`GET /v2/${this.#name}/blobs/${digest}`))
      assert.ok(body.equals(bytes), `the blob ${digest}`)
    }
  }

  async #act(action: Action, raced: boolean): Promise<void> {
    const upload = this.#uploads[action.upload % Math.max(1, this.#uploads.length)]
    if (action.does === 'begin' || upload === undefined) return this.#begin(action)
    const index = Math.max(0, upload.states.length - 1 - action.state)
    const state = upload.states[index]
    assert.ok(state)
    // What is done at the same time, or from an older state, may see what the other did.
    if (raced || index !== upload.states.length - 1) upload.clean = false
    if (action.does === 'patch') return this.#patch(upload, state, action)
    if (action.does === 'commit') return this.#commit(upload, state, action)
    if (action.does === 'recommit') return this.#recommit(upload)
    return this.#ask(upload, state, action.does)
  }

  async #begin(action: Action): Promise<void> {
    const algorithm = action.does === 'begin' ? action.algorithm : undefined
    const query = algorithm === undefined ? '' : `?digest-algorithm=${algorithm}`
    const answer = this.#send(`POST /v2/${this.#name}/blobs/uploads/${query}`)
    const location = locationOf(await expectStatus(202, answer))
    const states = [{ location, bytes: Buffer.alloc(0) }]
    this.#uploads.push({ states, clean: true, committed: undefined })
  }

  async #patch(
    upload: KnownUpload,
    { location, bytes }: KnownState,
    { chunk, range, chunked }: Extract<Action, { does: 'patch' }>,
  ): Promise<void> {
    const part = bytesOf(chunk)
    const start = bytes.byteLength + { none: 0, right: 0, early: -1, late: 1 }[range]
    const sendsRange = range !== 'none' && start >= 0 && part.byteLength > 0
    const answer = await this.#send(
      `PATCH ${location}`,
      chunked ? inChunks(part) : part,
      sendsRange ? { 'Content-Range': `${start}-${start + part.byteLength - 1}` } : {},
    )
    const inOrder = !sendsRange || start === bytes.byteLength
    this.#allow(upload, answer, inOrder ? 202 : 416, [202, 404, 416])
    // With a range, bytes are added to the latest state, which an older one may not know: what it then
    // contains this client cannot tell.
    if (answer.status !== 202 || !inOrder) return
    const next = Buffer.concat([bytes, part])
    assert.equal(answer.headers.get('Range'), `0-${Math.max(0, next.byteLength - 1)}`)
    upload.states.push({ location: locationOf(answer), bytes: next })
  }

  async #commit(
    upload: KnownUpload,
    { location, bytes }: KnownState,
    { chunk, digest, chunked }: Extract<Action, { does: 'commit' }>,
  ): Promise<void> {
    const last = chunk && bytesOf(chunk)
    const whole = contentOf(last === undefined ? bytes : Buffer.concat([bytes, last]))
    const other = contentOf(`no blob ${bytes.byteLength}`).sha256
    const named = digest === 'wrong' ? other : whole[digest]
    const request = `PUT ${location}&digest=${named}`
    const answer = await this.#send(request, chunked && last ? inChunks(last) : last)
    this.#allow(upload, answer, digest === 'wrong' ? 400 : 201, [201, 400, 404])
    // To use an upload that has ended is misuse.
    upload.clean = false
    if (answer.status !== 201) return
    assert.notEqual(digest, 'wrong', 'a wrong digest was accepted')
    assert.equal(answer.headers.get('Docker-Content-Digest'), named)
    this.committed.set(named, whole)
    upload.committed = { request, body: last }
  }

  /** Repeats a successful commit, as after a lost response. */
  async #recommit({ committed }: KnownUpload): Promise<void> {
    if (committed === undefined) return
    await expectStatus(201, this.#send(committed.request, committed.body))
  }

  async #ask(
    upload: KnownUpload,
    { location, bytes }: KnownState,
    does: 'status' | 'cancel',
  ): Promise<void> {
    const answer = await this.#send(`${does === 'status' ? 'GET' : 'DELETE'} ${location}`)
    this.#allow(upload, answer, 204, [204, 404])
    if (does === 'cancel') {
      upload.clean = false
      return
    }
    if (answer.status !== 204) return
    const received = Number(answer.headers.get('Range')?.replace('0-', ''))
    const known = Math.max(0, bytes.byteLength - 1)
    // A client with an older state is told how far the upload is now.
    if (upload.clean) assert.equal(received, known)
    else assert.ok(received >= known, `${received} of ${known} bytes`)
  }

  #allow(upload: KnownUpload, answer: Answer, certain: number, possible: readonly number[]): void {
    const { status, body } = answer
    if (upload.clean) assert.equal(status, certain, body.toString())
    assert.ok(possible.includes(status), `${status} ${body}`)
    if (status < 400) return
    const codes = ['BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID', 'DIGEST_INVALID', 'RANGE_INVALID']
    assert.ok(codes.includes(codeOf(answer) ?? ''), body.toString())
  }
}
