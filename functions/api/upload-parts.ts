/**
 * Parts that clients send to the store themselves, as docs/push.md has them: the header that offers them,
 * the request for their URLs, and the header that says which are there.
 *
 * @module
 */

import { parseDigest } from '../registry/reference.ts'
import type { UploadMemory } from '../registry/uploads/memory.ts'
import type { Declared, WantedPart } from '../registry/uploads/plan.ts'
import * as z from '../shared/schema.ts'
import { readBody } from './body.ts'
import type { AppContext, AppOptions } from './env.ts'
import { RequestError } from './errors.ts'
import { addressOf } from './middleware/permit.ts'

/** Asks, in a request, whether parts may be sent to the store; in the response, says how large. */
const OFFER = 'Slipway-Upload'

/** Most parts of one request, and most bytes of it. */
const MOST_WANTED = 100
const MOST_BYTES = 64 * 1024

/**
 * Offers parts to a client that asks for them, unless it cannot reach the store. @param c of the request
 * that starts the upload
 */
export const offerParts = async (
  c: AppContext,
  {
    registry,
    redirects,
    direct,
    uploadOrigin,
  }: Pick<AppOptions, 'registry' | 'redirects' | 'direct' | 'uploadOrigin'>,
): Promise<void> => {
  if (c.req.header(OFFER)?.trim() !== 'parts') return
  if (!redirects || direct?.(addressOf(c))) return
  const offer = await registry.uploads.offer()
  if (offer === undefined) return
  // Another host goes on with the upload, and knows what it can read back.
  const elsewhere =
    uploadOrigin !== undefined &&
    c.res.headers.get('Location')?.startsWith(`${new URL(uploadOrigin).origin}/`)
  c.header(OFFER, `parts; one=${offer.one}${elsewhere ? '' : `; several=${offer.several}`}`)
}

const wantedParts = z.object({
  digest: z.string(),
  size: z.int().check(z.nonnegative()),
  partSize: z.int().check(z.positive()),
  parts: z
    .array(
      z.object({
        number: z.int().check(z.positive()),
        sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
      }),
    )
    .check(z.minLength(1), z.maxLength(MOST_WANTED)),
})

const malformed = (what: string, cause?: unknown): RequestError =>
  new RequestError('PARAMETER_INVALID', `the request for parts ${what}: see docs/push.md`, {
    cause,
  })

const jsonOf = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch (error) {
    throw malformed('is not JSON', error)
  }
}

/**
 * Reads which parts a client wants to send.
 *
 * @throws RequestError PARAMETER_INVALID, BODY_TOO_LARGE, BODY_TOO_SLOW; RegistryError DIGEST_INVALID
 */
export const readWanted = async (
  c: AppContext,
  memory: UploadMemory,
): Promise<{ readonly declared: Declared; readonly wanted: readonly WantedPart[] }> => {
  const body = await readBody(c, memory, { what: 'request for parts', limit: MOST_BYTES })
  const parsed = wantedParts.safeParse(jsonOf(body))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const where = issue?.path.join('.') || 'it'
    throw malformed(`is wrong at ${where}: ${issue?.message}`, parsed.error)
  }
  const { digest, parts, ...sizes } = parsed.data
  return { declared: { digest: parseDigest(digest), ...sizes }, wanted: parts }
}

/** Ascending numbers as ranges: `1-3,5`. */
export const rangesOf = (numbers: readonly number[]): string => {
  const ranges: [number, number][] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last?.[1] === number - 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',')
}
