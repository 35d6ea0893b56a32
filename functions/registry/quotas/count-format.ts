/**
 * Counts of quotas as they are written down.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import type { Count } from './counter.ts'

const natural = z.int().check(z.nonnegative())

const countSchema = z.object({
  version: z.literal(1),
  walked: z.optional(z.object({ date: natural, bytes: natural, except: z.string() })),
  since: z.array(z.tuple([z.string(), natural, natural, natural, natural])),
  hours: z.array(z.tuple([natural, natural])),
  claims: z._default(z.array(z.tuple([z.string(), natural, z.string(), z.array(natural)])), []),
})

/** Writes a count down. Of images, it says where the things are that rely on them alone, or on few. */
export const formatCount = ({ walked, since, hours, claims }: Count): Uint8Array => {
  const places = new Map<string, number[]>([...claims.keys()].map((id) => [id, []]))
  const things = [...since].map(([key, { size, at, linked, counts, by }], place) => {
    for (const id of by ?? []) places.get(id)?.push(place)
    return [key, size, Math.ceil(at), Math.ceil(linked), counts ? 1 : 0]
  })
  const images = [...claims].map(([id, { at, writer = '' }]) => [
    id,
    Math.ceil(at),
    writer,
    places.get(id),
  ])
  return Buffer.from(JSON.stringify({ version: 1, walked, since: things, hours, claims: images }))
}

/** Reads a count. @throws Error when it is damaged, or of a later version */
export const parseCount = (bytes: Uint8Array): Count => {
  const { walked, since, hours, claims } = countSchema.parse(
    JSON.parse(Buffer.from(bytes).toString()),
  )
  const by = new Map<number, string[]>()
  for (const [id, , , places] of claims) {
    for (const place of places) by.set(place, [...(by.get(place) ?? []), id])
  }
  return {
    walked,
    since: new Map(
      since.map(([key, size, at, linked, counts], place) => [
        key,
        { size, at, linked, counts: counts === 1, by: by.get(place) },
      ]),
    ),
    hours,
    claims: new Map(
      claims.map(([id, at, writer]) => [id, { at, writer: writer === '' ? undefined : writer }]),
    ),
  }
}
