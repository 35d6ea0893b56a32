/**
 * Fills the S3 of tests with what very many pushes would have left there, without making them.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import {
  catalogKey,
  dataKey,
  layerLinkKey,
  referrerKey,
  revisionLinkKey,
  tagLinkKey,
} from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { digestOf } from '../../functions/registry/reference.ts'
import type { Bucket, StoredObject } from '../../test/emulators/s3/state.ts'
import type { Grown } from '../results.ts'

/** The repository that has many tags or referrers. */
export const NAME = 'growth/app'

const objectOf = (bytes: Buffer): StoredObject => ({
  headers: {},
  metadata: {},
  content: {
    size: bytes.byteLength,
    segments: [{ source: bytes, start: 0, size: bytes.byteLength }],
  },
  etag: createHash('md5').update(bytes).digest('hex'),
  modified: new Date(0),
  checksum: undefined,
})

const CONFIG = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}')

/** A manifest without layers. @param fields what tells it from others */
export const manifestOf = (fields: object): { bytes: Buffer; digest: string } => {
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: digestOf(CONFIG),
    size: CONFIG.byteLength,
  }
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [], ...fields }
  const bytes = Buffer.from(JSON.stringify(manifest))
  return { bytes, digest: digestOf(bytes) }
}

/** The manifest all tags point at, and all referrers name. */
export const SUBJECT = manifestOf({})

/** The subject as manifests name it. */
export const SUBJECT_DESCRIPTOR = {
  mediaType: OCI_MANIFEST,
  digest: SUBJECT.digest,
  size: SUBJECT.bytes.byteLength,
}

const LINK = objectOf(Buffer.from(SUBJECT.digest))
const EMPTY = objectOf(Buffer.alloc(0))

/** Numbers in names so that their order is that of the numbers. */
export const numbered = (prefix: string, at: number): string =>
  `${prefix}${String(at).padStart(6, '0')}`

/** What one repository keeps for one image under one tag. */
const fillRepository = (bucket: Bucket, name: string): void => {
  const config = digestOf(CONFIG)
  bucket.put(catalogKey(name), EMPTY)
  bucket.put(layerLinkKey(name, config), objectOf(Buffer.from(config)))
  bucket.put(revisionLinkKey(name, SUBJECT.digest), LINK)
  fillTag(bucket, name, 'latest')
}

const fillTag = (bucket: Bucket, name: string, tag: string): void =>
  bucket.put(tagLinkKey(name, tag), LINK)

const fillReferrer = (bucket: Bucket, at: number): void => {
  const { bytes, digest } = manifestOf({ annotations: { at: `${at}` } })
  const descriptor = { mediaType: OCI_MANIFEST, digest, size: bytes.byteLength }
  const listed = objectOf(Buffer.from(JSON.stringify(descriptor)))
  bucket.put(referrerKey(NAME, SUBJECT.digest, digest), listed)
  bucket.put(revisionLinkKey(NAME, digest), LINK)
}

/** Fills a bucket with an image, and with many of one kind. */
export const fill = (bucket: Bucket, of: Grown['of'], entries: number): void => {
  bucket.put(dataKey(digestOf(CONFIG)), objectOf(CONFIG))
  bucket.put(dataKey(SUBJECT.digest), objectOf(SUBJECT.bytes))
  fillRepository(bucket, NAME)
  for (let at = 0; at < entries; at++) {
    if (of === 'tags') fillTag(bucket, NAME, numbered('t', at))
    else if (of === 'repositories') fillRepository(bucket, numbered('growth/r', at))
    else fillReferrer(bucket, at)
  }
  // Sorted here, it is not sorted while something is measured.
  bucket.keys()
}
