/**
 * A signed manifest of schema 1 as it is sent: JSON whose last member holds its signatures, each of which says how the
 * document ends without them (libtrust's "pretty signature"; distribution's docs/spec/manifest-v2-1.md). What is signed,
 * and has the digest, is the document without them: the payload.
 *
 * @module
 */

import { JsonError } from '../registry/json/errors.ts'
import type { Shape } from '../registry/json/shape.ts'
import { type JsonLimits, readJson } from '../registry/json/strict.ts'
import { atOnce, inTurns } from '../shared/turns.ts'
import { invalid, unverified } from './errors.ts'
import { rawMembers } from './go-json.ts'

/** One signature, as a part of a JWS (RFC 7515 section 7.2.1). */
export interface Signature {
  readonly header: {
    readonly alg: string
    /** The key of the signer, unless there is a chain. */
    readonly jwk?: Readonly<Record<string, string>> | undefined
    /** Certificates, the signer's first, in base64. */
    readonly x5c?: readonly string[] | undefined
  }
  readonly signature: string
  readonly protected: string
}

/** A layer, and what docker 1.9 and older kept of its image. */
export interface Schema1Layer {
  readonly blobSum: string
  /** JSON. */
  readonly v1Compatibility: string
}

/** What a signed manifest says. */
export interface SignedManifest {
  readonly payload: Uint8Array
  readonly signatures: readonly Signature[]
  readonly name: string
  readonly tag: string
  readonly architecture: string
  /** From the top down. */
  readonly layers: readonly Schema1Layer[]
}

/** More than any tool adds; each costs a verification. */
const MAX_SIGNATURES = 16

/** Layers of an image, of which docker takes 127. */
const LIMITS: JsonLimits = { depth: 16, values: 20_000, members: 1_000 }

const SHAPE: Shape = {
  fields: {
    schemaVersion: 'integer',
    mediaType: 'string',
    name: 'string',
    tag: 'string',
    architecture: 'string',
    fsLayers: { elements: { fields: { blobSum: 'string' } } },
    history: { elements: { fields: { v1Compatibility: 'string' } } },
    signatures: {
      elements: {
        fields: {
          header: {
            fields: { alg: 'string', jwk: { values: 'string' }, x5c: { elements: 'string' } },
          },
          signature: 'string',
          protected: 'string',
        },
      },
    },
    // Those of other kinds: there is one reading of a document, or none.
    config: 'any',
    layers: 'any',
    manifests: 'any',
  },
}

const PROTECTED: Shape = {
  fields: { formatLength: 'integer', formatTail: 'string', time: 'string' },
}

/** Anything may be missing. */
interface Read {
  readonly schemaVersion?: number | null
  readonly mediaType?: string | null
  readonly name?: string | null
  readonly tag?: string | null
  readonly architecture?: string | null
  readonly fsLayers?: readonly { readonly blobSum?: string | null }[] | null
  readonly history?: readonly { readonly v1Compatibility?: string | null }[] | null
  readonly signatures?:
    | readonly {
        readonly header?: {
          readonly alg?: string | null
          readonly jwk?: Readonly<Record<string, string>> | null
          readonly x5c?: readonly string[] | null
        } | null
        readonly signature?: string | null
        readonly protected?: string | null
      }[]
    | null
  readonly config?: true
  readonly layers?: true
  readonly manifests?: true
}

const BASE64URL = /^[\w-]*$/

/** How a signature says that the payload ends. */
const formatOf = (text: string, place: string): { length: number; tail: Buffer } => {
  try {
    if (!BASE64URL.test(text)) throw new JsonError('it is not base64url')
    const bytes = Buffer.from(text, 'base64url')
    const { formatLength, formatTail } = atOnce(readJson(bytes, PROTECTED, LIMITS)) as {
      formatLength?: number | null
      formatTail?: string | null
    }
    if (formatLength == null) throw new JsonError('it has no formatLength')
    if (formatTail == null || !BASE64URL.test(formatTail)) {
      throw new JsonError('it has no formatTail in base64url')
    }
    return { length: formatLength, tail: Buffer.from(formatTail, 'base64url') }
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw invalid(`the protected header of ${place}: ${cause.message}`, cause)
  }
}

const signaturesOf = ({ signatures }: Read): Signature[] => {
  if (!signatures?.length) {
    throw unverified('has no signatures: expected a signed one, as docker 1.9 and older send it')
  }
  if (signatures.length > MAX_SIGNATURES) {
    throw invalid(`it has ${signatures.length} signatures, of which ${MAX_SIGNATURES} are accepted`)
  }
  return signatures.map(({ header, signature, protected: head }, at) => {
    if (!header?.alg || !signature || !head) {
      throw invalid(`signatures.${at}: expected header.alg, signature and protected`)
    }
    const { alg, jwk, x5c } = header
    return {
      header: { alg, jwk: jwk ?? undefined, x5c: x5c ?? undefined },
      signature,
      protected: head,
    }
  })
}

/** What the signatures are of; all must agree. */
const payloadOf = (bytes: Uint8Array, signatures: readonly Signature[]): Uint8Array => {
  const formats = signatures.map((each, at) => formatOf(each.protected, `signatures.${at}`))
  const [{ length, tail } = { length: 0, tail: Buffer.alloc(0) }] = formats
  if (formats.some((each) => each.length !== length || !each.tail.equals(tail))) {
    throw invalid('its signatures disagree about where it ends without them')
  }
  if (length > bytes.byteLength) {
    throw invalid(`formatLength is ${length}, more than its ${bytes.byteLength} bytes`)
  }
  return Buffer.concat([bytes.subarray(0, length), tail])
}

/** Whether the payload is the document without its signatures, and nothing else. */
const isWithout = (payload: Uint8Array, bytes: Uint8Array): boolean => {
  const [signed, whole] = [rawMembers(payload), rawMembers(bytes)]
  whole.delete('signatures')
  return (
    signed.size === whole.size &&
    [...whole].every(([name, value]) => {
      const own = signed.get(name)
      return own !== undefined && Buffer.compare(own, value) === 0
    })
  )
}

const layersOf = ({ fsLayers, history }: Read): Schema1Layer[] => {
  if (!fsLayers?.length) throw invalid('fsLayers: expected a list of at least one')
  if (fsLayers.length !== history?.length) {
    throw invalid(
      `fsLayers has ${fsLayers.length} entries, but history ${history?.length ?? 0}: expected as many`,
    )
  }
  return fsLayers.map(({ blobSum }, at) => {
    const v1Compatibility = history[at]?.v1Compatibility
    if (!blobSum) throw invalid(`fsLayers.${at}.blobSum: expected a digest`)
    if (!v1Compatibility) throw invalid(`history.${at}.v1Compatibility: expected JSON in a string`)
    return { blobSum, v1Compatibility }
  })
}

/**
 * Reads a manifest with its signatures, which are not verified yet. It is accepted only if every reader takes the same
 * from it, with the signatures or without them.
 *
 * @throws Schema1Error MANIFEST_INVALID naming the field; MANIFEST_UNVERIFIED where there are no signatures
 */
export const readSigned = async (bytes: Uint8Array): Promise<SignedManifest> => {
  try {
    const read = (await inTurns(readJson(bytes, SHAPE, LIMITS))) as Read
    if (read.schemaVersion !== 1) throw invalid('schemaVersion: expected 1')
    for (const name of ['config', 'layers', 'manifests'] as const) {
      if (read[name]) throw invalid(`${name}: not allowed in this kind of manifest`)
    }
    const signatures = signaturesOf(read)
    const payload = payloadOf(bytes, signatures)
    if (!isWithout(payload, bytes)) {
      throw invalid('what is signed is not the rest of the document')
    }
    const { name, tag, architecture } = read
    if (!name) throw invalid('name: expected the name of a repository')
    return {
      payload,
      signatures,
      name,
      tag: tag ?? '',
      architecture: architecture ?? '',
      layers: layersOf(read),
    }
  } catch (cause) {
    if (cause instanceof JsonError) throw invalid(cause.message, cause)
    throw cause
  }
}
