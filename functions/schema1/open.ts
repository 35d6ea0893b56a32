/**
 * Schema 1 over a registry.
 *
 * @module
 */

import type { X509Certificate } from 'node:crypto'
import type { Signer } from '../auth/keys/signing-keys.ts'
import { schema1Key } from '../registry/layout.ts'
import { parseInTurns } from '../registry/manifest.ts'
import { MAX_MANIFEST_BYTES, type StoredManifest } from '../registry/manifests.ts'
import {
  DOCKER_MANIFEST,
  isIndex,
  OCI_MANIFEST,
  SCHEMA1,
  SCHEMA1_SIGNED,
} from '../registry/media-types.ts'
import { type Digest, digestOf } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import { once } from '../shared/once.ts'
import { readAll } from '../storage/bytes.ts'
import type { ObjectStore } from '../storage/store.ts'
import { wantsSchema1Alone } from './accept.ts'
import { convert } from './convert.ts'
import type { Schema1 } from './door.ts'
import { EMPTY_LAYER, EMPTY_LAYER_BYTES } from './empty-layer.ts'
import { impossible } from './errors.ts'
import { signerFrom } from './key.ts'
import { manifestOf } from './manifest.ts'
import { signed } from './sign.ts'
import { readSigned } from './signed.ts'
import { verify } from './verify.ts'

export interface Schema1Parts {
  readonly store: ObjectStore
  readonly registry: Pick<Registry, 'manifests' | 'blobs'>
  /** What the key is made from; all servers of a store have the same. */
  readonly secret: () => Promise<Uint8Array>
  /** To which signers' certificates must lead. Absent: any key may sign. */
  readonly roots?: readonly X509Certificate[] | undefined
  /** Milliseconds. */
  readonly now: () => number
}

/** What a manifest with signatures may have more than its payload: sixteen with long chains. */
const MAX_SIGNED_BYTES = MAX_MANIFEST_BYTES

/** Layers that a client of schema 1 can unpack. */
const UNPACKABLE = /(?:[.+]gzip|\.tar)$/

/** Opens it. Nothing is read from the store yet. */
export const openSchema1 = ({ store, registry, secret, roots, now }: Schema1Parts): Schema1 => {
  const { manifests, blobs } = registry
  const signer = once(async (): Promise<Signer> => signerFrom(await secret()))

  const isOne = (bytes: Uint8Array, contentType: string | undefined): boolean => {
    const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
    if (SCHEMA1.includes(type)) return true
    // Docker 1.6 to 1.9 send no other type.
    return ['', 'application/json'].includes(type) && Buffer.from(bytes).includes('"fsLayers"')
  }

  const send = (digest: Digest, text: string | Uint8Array) => ({
    digest,
    bytes: Buffer.from(text),
    mediaType: SCHEMA1_SIGNED,
  })

  const sign = async (payload: string, digest: Digest) =>
    send(digest, await signed(payload, await signer(), now()))

  /** With the signatures that it was pushed with, or with ours where others have stored it. */
  const withSignatures = async (name: string, { digest, bytes }: StoredManifest) => {
    const object = await store.get(schema1Key(name, digest))
    if (object !== undefined) return send(digest, await readAll(object.body, MAX_SIGNED_BYTES))
    return sign(Buffer.from(bytes).toString(), digest)
  }

  /** The image of an index that docker's first registries would have had. */
  const defaultOf = async (name: string, index: StoredManifest): Promise<StoredManifest> => {
    const { listed } = await parseInTurns(index.bytes, index.mediaType)
    const image = listed.find(
      ({ platform }) => platform?.os === 'linux' && platform.architecture === 'amd64',
    )
    if (image === undefined) throw impossible('it has none for linux/amd64')
    return manifests.get(name, image.digest)
  }

  const inSchema1 = async (name: string, tag: string, stored: StoredManifest) => {
    const image = isIndex(stored.mediaType) ? await defaultOf(name, stored) : stored
    if (SCHEMA1.includes(image.mediaType)) return withSignatures(name, image)
    if (![DOCKER_MANIFEST, OCI_MANIFEST].includes(image.mediaType)) {
      throw impossible(`it is of the type ${image.mediaType}`)
    }
    const { listed } = await parseInTurns(image.bytes, image.mediaType)
    const [config, ...layers] = listed
    const packed = layers.find(({ mediaType }) => !UNPACKABLE.test(mediaType))
    if (packed !== undefined) throw impossible(`it has a layer of the type ${packed.mediaType}`)
    if (config === undefined) throw impossible('it has no config')
    const { body } = await blobs.open(name, config.digest)
    const payload = convert({
      name,
      tag,
      config: await readAll(body, MAX_MANIFEST_BYTES),
      layers: layers.map(({ digest }) => digest),
    })
    return sign(payload, digestOf(Buffer.from(payload)))
  }

  return {
    async push(name, tags, bytes, contentType) {
      if (!isOne(bytes, contentType)) return undefined
      const manifest = await readSigned(bytes)
      const read = manifestOf(manifest, name, tags)
      await verify(manifest, { roots, now: now() })
      const keep = async (digest: Digest) => void (await store.put(schema1Key(name, digest), bytes))
      return { payload: manifest.payload, read: { manifest: read, keep } }
    },
    async show(name, { tag }, stored, accept) {
      if (SCHEMA1.includes(stored.mediaType)) return withSignatures(name, stored)
      if (tag === undefined || !wantsSchema1Alone(accept)) return undefined
      return inSchema1(name, tag, stored)
    },
    layer: (digest) => (digest === EMPTY_LAYER ? EMPTY_LAYER_BYTES : undefined),
  }
}
