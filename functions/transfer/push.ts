/**
 * Pushes images to a repository. The door to this room: nothing else in it is imported from outside, except
 * what it is given and gives back.
 *
 * @module
 */

import * as z from 'zod'
import { isIndex, isManifestType, isNonDistributable } from '../registry/media-types.ts'
import { createRoom } from './blobs/room.ts'
import { sendBlob, type Way } from './blobs/send.ts'
import type { Sending } from './blobs/upload.ts'
import { TransferError } from './errors.ts'
import type { Target } from './registry/target.ts'
import type { Image, Manifest, Source } from './sources/source.ts'

/** Blobs that are sent at a time. */
const PARALLEL = 6

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string(),
  size: z.int().nonnegative(),
  urls: z.array(z.string()).optional(),
})
type Descriptor = z.infer<typeof descriptor>

const manifestShape = z.object({
  config: descriptor.optional(),
  layers: z.array(descriptor).default([]),
  blobs: z.array(descriptor).default([]),
  manifests: z.array(descriptor).default([]),
})

/** What happens in a push. */
export type Happening =
  | { readonly event: 'blob'; readonly digest: string; readonly size: number; readonly way: Way }
  | { readonly event: 'manifest'; readonly digest: string; readonly reference: string }

/** How far a push is, in bytes and blobs. */
export interface Extent {
  readonly sent: number
  readonly size: number
  readonly blobs: number
  readonly ready: number
}

export interface PushOptions extends Pick<Sending, 'resume' | 'mountFrom'> {
  readonly target: Target
  /** Tags that it gets; none: it can be pulled by digest alone. */
  readonly tags: readonly string[]
  readonly happened: (happening: Happening) => void
  readonly progress: (extent: Extent) => void
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
  const { target, happened, progress, resume, mountFrom } = options
  const { manifests, blobs } = await gather(source, root)
  const size = blobs.reduce((sum, each) => sum + each.size, 0)
  const room = createRoom()
  let [sent, ready] = [0, 0]
  const show = () => progress({ sent, size, blobs: blobs.length, ready })

  const send = async (wanted: Descriptor): Promise<void> => {
    const blob = await source.blob(wanted.digest, wanted.size)
    let own = 0
    const count = (bytes: number) => {
      own += bytes
      sent += bytes
      show()
    }
    const way = await sendBlob({ target, resume, mountFrom, room, total: size, sent: count }, blob)
    count(wanted.size - own)
    ready += 1
    happened({ event: 'blob', digest: blob.digest, size: blob.size, way })
    show()
  }

  // Large ones first: the last one alone would leave connections idle.
  const left = blobs.toSorted((a, b) => b.size - a.size)
  let failed = false
  const worker = async () => {
    for (let next = left.shift(); next !== undefined && !failed; next = left.shift()) {
      await send(next).catch((error: unknown) => {
        failed = true
        throw error
      })
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  for (const { digest, mediaType, bytes } of manifests) {
    const references = digest === root.digest && options.tags.length > 0 ? options.tags : [digest]
    for (const reference of references) {
      await target.putManifest(reference, mediaType, bytes)
      happened({ event: 'manifest', digest, reference })
    }
  }
  return root.digest
}
