/**
 * Places in memory, for tests of the engine: images come from one and go to another, and both can be made to fail.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { bytesBlob } from '../../functions/transfer/blobs/blob.ts'
import { createCopier } from '../../functions/transfer/copy/copy.ts'
import { patientDeliver } from '../../functions/transfer/copy/patience.ts'
import { parsePlatform } from '../../functions/transfer/copy/platforms.ts'
import type { Destination, Origin } from '../../functions/transfer/copy/ports.ts'
import { MissingError } from '../../functions/transfer/errors.ts'
import { createSender } from '../../functions/transfer/sender.ts'

export const sha256 = (bytes: Uint8Array | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Content of a repository. */
export interface Content {
  readonly blobs: Map<string, Buffer>
  readonly manifests: Map<string, { readonly mediaType: string; readonly bytes: Buffer }>
  readonly tags: Map<string, string>
  readonly referrers: Map<string, object[]>
}

export const empty = (): Content => ({
  blobs: new Map(),
  manifests: new Map(),
  tags: new Map(),
  referrers: new Map(),
})

/** Adds a blob. @returns its descriptor */
export const addBlob = ({ blobs }: Content, text: string, mediaType = 'text/plain') => {
  const bytes = Buffer.from(text)
  blobs.set(sha256(bytes), bytes)
  return { mediaType, digest: sha256(bytes), size: bytes.length }
}

/** Adds a manifest. @returns its descriptor */
export const addManifest = (
  { manifests, tags }: Content,
  content: object,
  { mediaType = OCI_MANIFEST, tag }: { readonly mediaType?: string; readonly tag?: string } = {},
) => {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...content }))
  const digest = sha256(bytes)
  manifests.set(digest, { mediaType, bytes })
  if (tag !== undefined) tags.set(tag, digest)
  return { mediaType, digest, size: bytes.length }
}

/** Adds an image of some layers. */
export const addImage = (content: Content, seed: string, tag?: string) =>
  addManifest(
    content,
    {
      config: addBlob(content, `{"config":"${seed}"}`),
      layers: [addBlob(content, `layer of ${seed}`), addBlob(content, 'a layer of all')],
    },
    tag === undefined ? {} : { tag },
  )

/** Adds an index of images for two platforms, and what refers to it and to one of them. */
export const addIndex = (content: Content, tag: string) => {
  const images = ['amd64', 'arm64'].map((architecture) => ({
    ...addImage(content, architecture),
    platform: { os: 'linux', architecture },
  }))
  const index = addManifest(content, { manifests: images }, { mediaType: OCI_INDEX, tag })
  const refer = (subject: { readonly digest: string }, kind: string) => {
    const descriptor = addManifest(content, {
      config: addBlob(content, '{}'),
      layers: [addBlob(content, kind)],
      subject,
    })
    const before = content.referrers.get(subject.digest) ?? []
    content.referrers.set(subject.digest, [...before, descriptor])
    return descriptor
  }
  const sbom = refer(index, 'an SBOM')
  return { index, images, sbom, signature: refer(sbom, 'a signature of the SBOM') }
}

export const originOf = (content: Content): Origin => ({
  called: 'from/here',
  tags: async () => [...content.tags.keys()],
  async manifest(reference) {
    const digest = content.tags.get(reference) ?? reference
    const found = content.manifests.get(digest)
    if (found === undefined) throw new MissingError(`from/here has no manifest ${reference}`)
    return { digest, ...found }
  },
  referrers: async (digest) => (content.referrers.get(digest) ?? []) as never,
  async blob(digest, size) {
    const bytes = content.blobs.get(digest)
    if (bytes === undefined) throw new MissingError(`from/here has no blob ${digest}`)
    return { ...bytesBlob(bytes, digest), size }
  },
})

/** A destination that notes in which order things came, and refuses what leads nowhere. */
export const destinationOf = (content: Content, order: string[] = []): Destination => ({
  called: 'to/there',
  verifies: false,
  has: async (digest) => content.manifests.has(digest),
  tagged: async (tag) => content.tags.get(tag),
  async deliver(blob) {
    if (content.blobs.has(blob.digest)) return 'there'
    const chunks = await blob.stream(0, blob.size).toArray()
    content.blobs.set(blob.digest, Buffer.concat(chunks))
    order.push(blob.digest)
    return 'whole'
  },
  async put({ digest, mediaType, bytes }, tag) {
    const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString())
    for (const each of [...(config ? [config] : []), ...layers]) {
      if (!content.blobs.has(each.digest)) throw new Error(`blob ${each.digest} comes too late`)
    }
    for (const each of manifests) {
      if (!content.manifests.has(each.digest)) throw new Error(`${each.digest} comes too late`)
    }
    content.manifests.set(digest, { mediaType, bytes })
    if (tag !== undefined) content.tags.set(tag, digest)
    order.push(tag ?? digest)
  },
})

/** Copies from one place to another. @returns what was waited for, in words */
export const copyBetween = async (
  from: Origin,
  to: Destination,
  reference: string,
  {
    tags = [reference],
    platforms = [],
    referrers = false,
  }: {
    readonly tags?: readonly string[]
    readonly platforms?: readonly string[]
    readonly referrers?: boolean
  } = {},
): Promise<{ readonly digest: string; readonly waited: readonly [string, number][] }> => {
  const waited: [string, number][] = []
  const patience = {
    sleep: async () => {},
    waiting: (error: unknown, milliseconds: number) =>
      void waited.push([String(error), milliseconds]),
  }
  const nothing = () => {}
  const sender = createSender({
    deliver: patientDeliver(to.deliver, patience),
    happened: nothing,
    progress: nothing,
  })
  const copier = createCopier({
    from,
    to,
    sender,
    platforms: platforms.map(parsePlatform),
    referrers,
    patience,
    happened: nothing,
  })
  return { digest: await copier.copy(reference, tags), waited }
}
