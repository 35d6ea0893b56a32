/**
 * Images of the first API: one of each layer, with JSON of its own, that names the one below it.
 *
 * @module
 */

import { JsonError } from '../registry/json/errors.ts'
import { type Digest, isDigest } from '../registry/reference.ts'
import { rawMembers } from '../schema1/go-json.ts'
import * as z from '../shared/schema.ts'
import { invalid } from './errors.ts'
import { isId } from './names.ts'

/** Most bytes of an image's JSON. */
export const MOST_JSON = 256 * 1024

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value))

export const layer = z.object({
  digest,
  /** Bytes as they are sent. */
  size: z.int().check(z.nonnegative()),
  /** The digest of what is in it; absent for the layer of a step that changes no files, which no manifest has. */
  diffId: z.optional(digest),
  isPacked: z.boolean(),
})

/** A layer of an image. */
export type Layer = Readonly<z.infer<typeof layer>>

/** `X-Docker-Encrypt` and `X-Docker-Sign`, as the client has sent them. */
export const announced = z.object({
  encrypt: z.optional(z.string()),
  sign: z.optional(z.string()),
})

/** What a client has said of an image, for those that pull it. */
export type Announced = Readonly<z.infer<typeof announced>>

export const image = z.object({
  id: z.custom<string>(isId),
  /** As it was sent: what is signed and summed up is the text. */
  json: z.string(),
  layer,
  /** `X-Docker-Checksum-Payload`, of what was pushed in this way. */
  payload: z.optional(z.string()),
  /** `X-Docker-Checksum`, as the client has sent it. */
  tarsum: z.optional(z.string()),
  announced: z.optional(announced),
})

/** An image with its layer. */
export type Image = Readonly<z.infer<typeof image>>

const read = z.looseObject({
  id: z.optional(z.unknown()),
  parent: z.optional(z.unknown()),
})

const config = z.object({
  created: z.optional(z.nullable(z.string())),
  author: z.optional(z.nullable(z.string())),
  comment: z.optional(z.nullable(z.string())),
  container_config: z.optional(
    z.nullable(z.object({ Cmd: z.optional(z.nullable(z.array(z.string()))) })),
  ),
})

/** What an image's JSON says of it, beside its configuration. */
export type Described = z.infer<typeof config>

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid('Invalid JSON', cause)
  }
}

/** The image below; undefined for the lowest. */
export const parentOf = (json: string): string | undefined => {
  const { parent } = read.parse(parsed(json))
  return isId(parent) ? parent : undefined
}

/** What goes into the history of the image. */
export const describe = (json: string): Described => config.parse(parsed(json))

/**
 * Checks the JSON of an image that is pushed.
 *
 * @returns its text
 * @throws V1Error V1_INVALID, in the words of docker-registry 0.9.1
 */
export const readImageJson = (id: string, bytes: Uint8Array): string => {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw invalid('Invalid JSON', cause)
  }
  const json = parsed(text)
  try {
    // As it is read when it becomes part of a config.
    rawMembers(bytes)
  } catch (cause) {
    if (cause instanceof JsonError) throw invalid('Invalid JSON', cause)
    throw cause
  }
  const { data } = read.safeParse(json)
  if (data === undefined || Array.isArray(json)) throw invalid('Invalid JSON')
  if (data.id === undefined) throw invalid("Missing key `id' in JSON")
  if (data.id !== id) throw invalid('JSON data contains invalid id')
  if (data.parent !== undefined && data.parent !== null && data.parent !== '') {
    if (!isId(data.parent)) throw invalid('Image depends on a non existing parent')
    if (data.parent === id) throw invalid('Image depends on itself')
  }
  const found = config.safeParse(json)
  if (!found.success) {
    const [issue] = found.error.issues
    throw invalid(`Invalid JSON: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  return text
}
