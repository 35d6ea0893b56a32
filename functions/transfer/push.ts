/**
 * Pushes images to a repository. The door to this room: nothing else in it is imported from outside, except
 * what it is given and gives back.
 *
 * @module
 */

import { isIndex, isManifestType, isNonDistributable } from '../registry/media-types.ts'
import * as z from '../shared/schema.ts'
import { TransferError } from './errors.ts'
import type { Target } from './registry/target.ts'
import type { Sender } from './sender.ts'
import type { Image, Manifest, Source } from './sources/source.ts'

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string(),
  size: z.int().check(z.nonnegative()),
  urls: z.optional(z.array(z.string())),
})
type Descriptor = z.infer<typeof descriptor>

const manifestShape = z.object({
  config: z.optional(descriptor),
  layers: z._default(z.array(descriptor), []),
  blobs: z._default(z.array(descriptor), []),
  manifests: z._default(z.array(descriptor), []),
})

/** What was pushed. */
export interface PushedManifest {
  readonly digest: string
  readonly reference: string
}

export interface PushOptions {
  readonly target: Pick<Target, 'putManifest'>
  /** Sends the blobs. */
  readonly sender: Pick<Sender, 'send'>
  /** Tags that it gets; none: it can be pulled by digest alone. */
  readonly tags: readonly string[]
  readonly happened: (manifest: PushedManifest) => void
}

/** What a manifest refers to. @throws TransferError when it is not a manifest */
const referencesOf = ({ digest, bytes }: Manifest): z.output<typeof manifestShape> => {
  try {
    return manifestShape.parse(JSON.parse(bytes.toString()))
  } catch (cause) {
    throw new TransferError(`${digest} is not a manifest`, { cause })
  }
}

/** All manifests of an image, those that others refer to first, and all blobs. */
const gather = async (source: Source, root: Manifest) => {
  const manifests = new Map<string, Manifest>()
  const blobs = new Map<string, Descriptor>()
  const visit = async (manifest: Manifest): Promise<void> => {
    const { config, layers, blobs: others, manifests: children } = referencesOf(manifest)
    for (const each of [...(config ? [config] : []), ...layers, ...others]) {
      if (!isNonDistributable(each.mediaType)) blobs.set(each.digest, each)
    }
    for (const each of children) {
      if (manifests.has(each.digest)) continue
      if (isManifestType(each.mediaType)) {
        await visit(await source.manifest(each.digest, each.mediaType))
      } else blobs.set(each.digest, each)
    }
    manifests.set(manifest.digest, manifest)
  }
  if (!isManifestType(root.mediaType) && !isIndex(root.mediaType)) {
    throw new TransferError(`${root.digest} is ${root.mediaType}: expected a manifest or an index`)
  }
  await visit(root)
  return { manifests: [...manifests.values()], blobs: [...blobs.values()] }
}

/**
 * Pushes an image: its blobs at the same time, then its manifests, then its tags.
 *
 * @returns the digest of what was pushed
 * @throws TransferError when the registry refuses something, or the source lacks something
 */
export const pushImage = async (
  source: Source,
  { root }: Image,
  options: PushOptions,
): Promise<string> => {
  const { target, sender, happened, tags } = options
  const { manifests, blobs } = await gather(source, root)
  await Promise.all(
    blobs.map((each) => sender.send(each, () => source.blob(each.digest, each.size))),
  )
  for (const { digest, mediaType, bytes } of manifests) {
    const references = digest === root.digest && tags.length > 0 ? tags : [digest]
    for (const reference of references) {
      await target.putManifest(reference, mediaType, bytes)
      happened({ digest, reference })
    }
  }
  return root.digest
}
