/**
 * The state of an unfinished upload. It travels with the client, sealed, in the query of the
 * upload's Location, so that any instance can take the next request and none keeps a session.
 *
 * @module
 */

import { EncryptJWT, jwtDecrypt } from 'jose'
import * as z from 'zod'
import { RegistryError } from '../errors.ts'
import { type Algorithm, CANONICAL } from '../reference.ts'

/** Seconds for which a state is valid after the request that issued it. */
export const STATE_LIFE = 24 * 60 * 60

const ISSUER = 'slipway-upload'

const hashes = z.object({ sha256: z.string().optional(), sha512: z.string().optional() })

/**
 * A state as it is sealed. These names stay as they are: states of other versions are under way while a
 * registry is updated.
 */
const sealed = z.object({
  name: z.string(),
  uuid: z.uuid(),
  /** Who started it, for the audit trail. */
  by: z.string().optional(),
  /** Bytes received. */
  offset: z.int().nonnegative(),
  /** Algorithm of the digest that the client will send at the end, as it declared. */
  algorithm: z.enum(['sha256', 'sha512']),
  /** The hash of the bytes so far; absent if they have to be read back. */
  hash: z
    .union([
      /** Saved states of running hashes, in base64url. */
      z.object({ resumable: hashes }),
      /** Finished hashes, in hex; of no use once more bytes come. */
      z.object({ final: hashes }),
    ])
    .optional(),
  /** The multipart upload to the staging key, once there were enough bytes for a part. */
  multipart: z
    .object({
      id: z.string(),
      /** The part of its key that makes it unique. */
      nonce: z.string(),
      partSize: z.int().positive(),
      /** Parts stored, numbered from 1. */
      parts: z.int().positive(),
      /** Chained hash of the parts' etags: see part-chain.ts. */
      chain: z.string(),
      /** The part chain with one more part, where the segments were stored as a part as well. */
      whole: z.string().optional(),
    })
    .optional(),
  /** Staged bytes after the last part, in order; less than a part in total. */
  segments: z.array(
    z.object({ offset: z.int().nonnegative(), size: z.int().positive(), nonce: z.string() }),
  ),
  /** Whether there are staged objects that this state no longer names. */
  litter: z.boolean(),
})

type Sealed = z.infer<typeof sealed>
type SealedMultipart = NonNullable<Sealed['multipart']>

/** An unfinished upload. Immutable: each request derives the next state from it. */
export type UploadState = Readonly<
  Omit<Sealed, 'by' | 'litter' | 'multipart'> & {
    startedBy?: Sealed['by']
    orphans: Sealed['litter']
    multipart?:
      | (Omit<SealedMultipart, 'chain'> & { partChain: SealedMultipart['chain'] })
      | undefined
  }
>
export type Segment = UploadState['segments'][number]
export type HashState = NonNullable<UploadState['hash']>

/** The state of an upload that has just been started. */
export const newUpload = (
  name: string,
  uuid: string,
  { algorithm, startedBy }: { readonly algorithm?: Algorithm; readonly startedBy?: string } = {},
): UploadState => ({
  name,
  uuid,
  startedBy,
  offset: 0,
  algorithm: algorithm ?? CANONICAL,
  segments: [],
  orphans: false,
})

const toSealed = ({ startedBy, orphans, multipart, ...same }: UploadState): Sealed => {
  const shared = { ...same, by: startedBy, litter: orphans }
  if (multipart === undefined) return shared
  const { partChain, ...others } = multipart
  return { ...shared, multipart: { ...others, chain: partChain } }
}

const fromSealed = ({ by, litter, multipart, ...same }: Sealed): UploadState => {
  const shared = { ...same, startedBy: by, orphans: litter }
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

/**
 * Whether each part of a token is spelled as base64url alone spells its bytes. Decoders ignore the
 * unused low bits of the last character, so several spellings would otherwise open as one token.
 */
const isCanonical = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)

/**
 * Seals states with AES-256-GCM, so that clients can neither read nor change them.
 *
 * @param secret gives 32 bytes, the same for every instance
 * @param now clock in milliseconds
 */
export const createStateSealer = (
  secret: () => Promise<Uint8Array>,
  now: () => number,
): StateSealer => ({
  async seal(state) {
    return new EncryptJWT({ s: toSealed(state) })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setIssuer(ISSUER)
      .setExpirationTime(Math.floor(now() / 1000) + STATE_LIFE)
      .encrypt(await secret())
  },

  async open(token, name, uuid) {
    if (!token) throw refused(uuid, 'is missing')
    if (!isCanonical(token)) throw refused(uuid, 'was not issued by this registry')
    const key = await secret()
    const opened = await jwtDecrypt(token, key, {
      issuer: ISSUER,
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
      requiredClaims: ['exp'],
      currentDate: new Date(now()),
    }).catch((cause: unknown) => {
      const expired = cause instanceof Error && 'code' in cause && cause.code === 'ERR_JWT_EXPIRED'
      throw refused(uuid, expired ? 'has expired' : 'was not issued by this registry', cause)
    })
    const parsed = sealed.safeParse(opened.payload.s)
    if (!parsed.success) throw refused(uuid, 'is of another version', parsed.error)
    const state = fromSealed(parsed.data)
    if (state.name !== name || state.uuid !== uuid) throw refused(uuid, 'belongs to another upload')
    return state
  },
})
