/**
 * OCI image layouts (image-spec "Image Layout"): every blob is sent as it is.
 *
 * @module
 */

import { isDigest, isTag } from '../../registry/reference.ts'
import * as z from '../../shared/schema.ts'
import { fileBlob } from '../blobs/blob.ts'
import { checkManifest } from '../copy/verified.ts'
import { MissingError, TransferError } from '../errors.ts'
import { type Files, readJson, readSmall } from './files.ts'
import type { Image, Source } from './source.ts'

const index = z.object({
  manifests: z.array(
    z.object({
      mediaType: z.string(),
      digest: z.string(),
      annotations: z.optional(z.record(z.string(), z.string())),
    }),
  ),
})

export const REF = 'org.opencontainers.image.ref.name'
/** Where containerd, and docker with it, writes the whole name. */
export const FULL_REF = 'io.containerd.image.name'

/** The tag in an annotation, which may be a whole name. */
const tagIn = (text: string | undefined): string[] => {
  const tag = text?.slice(Math.max(text.lastIndexOf(':'), text.lastIndexOf('/')) + 1)
  return tag !== undefined && isTag(tag) ? [tag] : []
}

const keyOf = (digest: string, files: Files): string => {
  if (!isDigest(digest)) throw new TransferError(`${digest} in ${files.called} is not a digest`)
  return `blobs/${digest.replace(':', '/')}`
}

/** Whether these files are a layout. */
export const isLayout = async (files: Files): Promise<boolean> =>
  (await files.find('index.json')) !== undefined && (await files.find('oci-layout')) !== undefined

/** Opens a layout. @throws TransferError when it is not one */
export const openLayout = async (files: Files): Promise<Source> => {
  const parsed = index.safeParse(await readJson(files, 'index.json'))
  if (!parsed.success) throw new TransferError(`index.json in ${files.called} is not an index`)
  const manifest: Source['manifest'] = async (digest, mediaType) => {
    const bytes = await readSmall(files, keyOf(digest, files))
    const found = { digest, mediaType, bytes }
    // Under a tag a registry takes whatever comes.
    checkManifest(files.called, found)
    return found
  }
  const images = new Map<string, Image>()
  for (const { digest, mediaType, annotations = {} } of parsed.data.manifests) {
    const before = images.get(digest)
    const tags = tagIn(annotations[REF] ?? annotations[FULL_REF])
    const name = annotations[FULL_REF] ?? annotations[REF]
    images.set(digest, {
      tags: [...new Set([...(before?.tags ?? []), ...tags])],
      names: [...(before?.names ?? []), ...(name === undefined ? [] : [name])],
      root: before?.root ?? (await manifest(digest, mediaType)),
    })
  }
  return {
    images: [...images.values()],
    manifest,
    async blob(digest, size) {
      const found = await files.find(keyOf(digest, files))
      if (found === undefined) throw new MissingError(`${files.called} has no blob ${digest}`)
      if (found.size !== size) {
        throw new TransferError(
          `${digest} in ${files.called} has ${found.size} bytes, but its manifest says ${size}`,
        )
      }
      return fileBlob(found.path, digest, size, found.start)
    },
  }
}
