/**
 * The state of an unfinished upload. It travels with the client, sealed, in the query of the
 * upload's Location, so that any instance can take the next request and none keeps a session.
 *
 * @module
 */

import { decrypt, encrypt } from '../../shared/encrypted.ts'
import * as z from '../../shared/schema.ts'
import { RegistryError } from '../errors.ts'
import { type Algorithm, CANONICAL } from '../reference.ts'

/** Seconds for which an upload may go on after the request that started it, unless a setting says so. */
export const STATE_LIFE = 24 * 60 * 60

const ISSUER = 'slipway-upload'

const hashes = z.object({ sha256: z.optional(z.string()), sha512: z.optional(z.string()) })

/**
 * A state as it is sealed. These names stay as they are: states of other versions are under way while a
 * registry is updated.
 */
const sealed = z.object({
  name: z.string(),
  uuid: z.uuid(),
  /** Who started it, for the audit trail. */
  by: z.optional(z.string()),
  /** When it was started, in seconds since 1970. States of version 1.0 do not say. */
  began: z.optional(z.int().check(z.nonnegative())),
  /** Whose right the upload is, as access control noted it. Absent: whoever continues it needs the right. */
  holder: z.optional(z.string()),
  /** Bytes received. */
  offset: z.int().check(z.nonnegative()),
  /** Algorithm of the digest that the client will send at the end, as it declared. */
  algorithm: z.enum(['sha256', 'sha512']),
  /** The hash of the bytes so far; absent if they have to be read back. */
  hash: z.optional(
    z.union([
      /** Saved states of running hashes, in base64url. */
      z.object({ resumable: hashes }),
      /** Finished hashes, in hex; of no use once more bytes come. */
      z.object({ final: hashes }),
    ]),
  ),
  /** The multipart upload to the staging key, once there were enough bytes for a part. */
  multipart: z.optional(
    z.object({
      id: z.string(),
      /** The part of its key that makes it unique. */
      nonce: z.string(),
      partSize: z.int().check(z.positive()),
      /** Parts stored, numbered from 1. */
      parts: z.int().check(z.positive()),
      /** Chained hash of the parts' etags: see part-chain.ts. */
      chain: z.string(),
      /** The part chain with one more part, where the segments were stored as a part as well. */
      whole: z.optional(z.string()),
    }),
  ),
  /** The parts that the client sends to the store itself, once it has asked for the first: see plan.ts. */
  parts: z.optional(
    z.object({
      digest: z.string(),
      size: z.int().check(z.positive()),
      partSize: z.int().check(z.positive()),
      /** Of the multipart upload. */
      id: z.string(),
      /** The part of its staging key that makes it unique; absent for one part, at the digest key. */
      nonce: z.optional(z.string()),
    }),
  ),
  /** Staged bytes after the last part, in order; less than a part in total. */
  segments: z.array(
    z.object({
      offset: z.int().check(z.nonnegative()),
      size: z.int().check(z.positive()),
      nonce: z.string(),
      /** The version of the object, so that no other bytes are taken for it. Version 1.0 does not say. */
      etag: z.optional(z.string()),
      /**
       * The sha256 digest that the bytes are stored under, instead of a key of the upload's own. Versions before 1.1
       * do not know it, find no staged bytes, and call the upload unknown.
       */
      landed: z.optional(z.string()),
    }),
  ),
  /** Whether there are staged objects that this state no longer names. */
  litter: z.boolean(),
})

type Sealed = z.infer<typeof sealed>
type SealedMultipart = NonNullable<Sealed['multipart']>

/** An unfinished upload. Immutable: each request derives the next state from it. */
export type UploadState = Readonly<
  Omit<Sealed, 'by' | 'began' | 'litter' | 'multipart'> & {
    startedBy?: Sealed['by']
    /** Seconds since 1970. */
    started: number
    orphans: Sealed['litter']
    multipart?:
      | (Omit<SealedMultipart, 'chain'> & { partChain: SealedMultipart['chain'] })
      | undefined
  }
>
export type Segment = UploadState['segments'][number]
export type HashState = NonNullable<UploadState['hash']>

/** What is known of an upload when it is started. */
export interface Beginning {
  /** Algorithm of the digest that the client will send at the end. */
  readonly algorithm?: Algorithm
  /** Who started it, for the audit trail. */
  readonly startedBy?: string
  /** Whose right it is; see {@link UploadState}. */
  readonly holder?: string | undefined
}

/**
 * The state of an upload that has just been started.
 *
 * @param now milliseconds since 1970
 */
export const newUpload = (
  name: string,
  uuid: string,
  now: number,
  { algorithm, startedBy, holder }: Beginning = {},
): UploadState => ({
  name,
  uuid,
  startedBy,
  started: Math.floor(now / 1000),
  holder,
  offset: 0,
  algorithm: algorithm ?? CANONICAL,
  segments: [],
  orphans: false,
})

const toSealed = ({ startedBy, started, orphans, multipart, ...same }: UploadState): Sealed => {
  const shared = { ...same, by: startedBy, began: started, litter: orphans }
  if (multipart === undefined) return shared
  const { partChain, ...others } = multipart
  return { ...shared, multipart: { ...others, chain: partChain } }
}

/** @param latestStart when the upload was started at the latest, in seconds */
const fromSealed = (
  { by, began, litter, multipart, ...same }: Sealed,
  latestStart: number,
): UploadState => {
  const shared = { ...same, startedBy: by, started: began ?? latestStart, orphans: litter }
  if (multipart === undefined) return shared
  const { chain, ...others } = multipart
  return { ...shared, multipart: { ...others, partChain: chain } }
}

/** Turns states into opaque tokens and back. */
export interface StateSealer {
  /** A token that is safe in a query: letters, digits, `-`, `_` and `.` only. */
  seal(state: UploadState): Promise<string>
  /**
   * Opens a token presented for an upload.
   *
   * @throws RegistryError BLOB_UPLOAD_INVALID when it is missing, forged, expired or of another upload
   */
  open(token: string | undefined, name: string, uuid: string): Promise<UploadState>
}

const refused = (uuid: string, why: string, cause?: unknown): RegistryError =>
  new RegistryError(
    'BLOB_UPLOAD_INVALID',
    `the state of upload ${uuid} in the URL's _state ${why}: use the Location of the last response unchanged, or start a new upload`,
    { detail: { uuid }, cause },
  )

/** The refusal of an upload whose state is valid but whose right is not. */
export const uploadEnded = (uuid: string, why: string): RegistryError =>
  new RegistryError(
    'BLOB_UPLOAD_INVALID',
    `the upload ${uuid} has ended, because ${why}: start a new upload`,
    { detail: { uuid } },
  )

/** What is encrypted: claims as a JWT has them (RFC 7519), `exp` in seconds, and the state. */
const envelope = z.object({ iss: z.literal(ISSUER), exp: z.number(), s: z.unknown() })

/**
 * Seals states with AES-256-GCM, so that clients can neither read nor change them.
 *
 * @param secret gives 32 bytes, the same for every instance
 * @param now clock in milliseconds
 * @param life seconds for which an upload may go on after its start
 */
export const createStateSealer = (
  secret: () => Promise<Uint8Array>,
  now: () => number,
  life: number = STATE_LIFE,
): StateSealer => ({
  async seal(state) {
    const exp = state.started + life
    return encrypt({ s: toSealed(state), iss: ISSUER, exp }, await secret())
  },

  async open(token, name, uuid) {
    if (!token) throw refused(uuid, 'is missing')
    const opened = envelope.safeParse(decrypt(token, await secret()))
    if (!opened.success) throw refused(uuid, 'was not issued by this registry')
    const { exp, s } = opened.data
    if (exp <= Math.floor(now() / 1000)) throw refused(uuid, 'has expired')
    const parsed = sealed.safeParse(s)
    if (!parsed.success) throw refused(uuid, 'is of another version', parsed.error)
    // A state without the start is of a version in which each response renewed it for a day.
    const state = fromSealed(parsed.data, exp - STATE_LIFE)
    if (now() >= (state.started + life) * 1000) throw refused(uuid, 'has expired')
    if (state.name !== name || state.uuid !== uuid) throw refused(uuid, 'belongs to another upload')
    return state
  },
})
