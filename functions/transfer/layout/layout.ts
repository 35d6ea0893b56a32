/**
 * Layouts that images are copied to (image-spec "Image Layout"): blobs as they come, index.json last. Archives also get
 * a manifest.json, so that `docker load` reads them.
 *
 * @module
 */

import { OCI_INDEX } from '../../registry/media-types.ts'
import { isDigest } from '../../registry/reference.ts'
import * as z from '../../shared/schema.ts'
import { bytesBlob } from '../blobs/blob.ts'
import type { Destination } from '../copy/ports.ts'
import { shapeOf } from '../copy/shape.ts'
import { digestLike } from '../copy/verified.ts'
import { TransferError } from '../errors.ts'
import { fallbackTag, withReferrer } from '../registry/referrers-tag.ts'
import { FULL_REF, REF } from '../sources/layout.ts'
import type { Manifest } from '../sources/source.ts'
import { dockerManifest } from './docker-manifest.ts'
import type { LayoutFiles } from './files.ts'

/** An entry of index.json, with all that others have said in it. */
const entry = z.looseObject({
  mediaType: z.string(),
  digest: z.string().check(z.refine((text) => isDigest(text))),
  size: z.int(),
  annotations: z.optional(z.record(z.string(), z.string())),
})
type Entry = z.output<typeof entry>

const indexShape = z.object({ manifests: z.array(entry) })

/** A layout under way. */
export interface Layout {
  /** Where a repository goes to in it. */
  destination(name: string): Destination
  /** Names a manifest that has come by its digest alone. @throws TransferError when it has not come */
  name(name: string, digest: string): void
  /** Ends it: what has come is listed. */
  finish(): Promise<void>
}

/** What an earlier index.json lists. @throws TransferError when it is not an index */
const entriesIn = (called: string, bytes: Buffer | undefined): readonly Entry[] => {
  if (bytes === undefined) return []
  try {
    return indexShape.parse(JSON.parse(bytes.toString())).manifests
  } catch (cause) {
    throw new TransferError(
      `index.json in ${called} is not an index: expected a layout, or an empty directory`,
      { cause },
    )
  }
}

/**
 * Opens a layout to write to.
 *
 * @param single whether one repository goes to it: then images are called by their tags alone, as most programs expect
 */
export const createLayout = async (files: LayoutFiles, single: boolean): Promise<Layout> => {
  // At once, so that nothing is moved in vain; what counts is the one that is there in the end.
  entriesIn(files.called, await files.index())
  const named = new Map<string, Entry>()
  const known = new Map<string, Entry>()
  const referrers = new Map<string, { readonly name: string; readonly manifests: Manifest[] }>()

  const describe = ({ digest, mediaType, bytes }: Manifest): Entry => ({
    ...{ mediaType, digest, size: bytes.length },
  })

  const note = (name: string, manifest: Manifest): void => {
    if (known.has(manifest.digest)) return
    known.set(manifest.digest, describe(manifest))
    const { subject } = shapeOf(manifest)
    if (subject === undefined) return
    const list = referrers.get(subject.digest) ?? { name, manifests: [] }
    list.manifests.push(manifest)
    referrers.set(subject.digest, list)
  }

  const annotationsOf = (name: string, tag: string): Record<string, string> => ({
    [REF]: single ? tag : `${name}:${tag}`,
    [FULL_REF]: `${name}:${tag}`,
  })

  const list = (name: string, tag: string, manifest: Manifest): void => {
    const annotations = annotationsOf(name, tag)
    named.set(annotations[FULL_REF]!, { ...describe(manifest), annotations })
  }

  const write = async ({ digest, bytes }: Manifest): Promise<void> => {
    const isThere = (await files.sizeOf(digest)) === bytes.length
    if (isThere && (await files.read(digest)).equals(bytes)) return
    await files.write(bytesBlob(bytes, digest), () => {})
  }

  /** A manifest that is there with all that it refers to. */
  const wholeManifest = async (digest: string): Promise<Manifest | undefined> => {
    if ((await files.sizeOf(digest)) === undefined) return undefined
    const bytes = await files.read(digest)
    if (digestLike(digest, bytes) !== digest) return undefined
    try {
      const { config, layers, blobs, mediaType } = shapeOf({ digest, bytes })
      for (const each of [...(config ? [config] : []), ...layers, ...blobs]) {
        if ((await files.sizeOf(each.digest)) !== each.size) return undefined
      }
      return mediaType === undefined ? undefined : { digest, mediaType, bytes }
    } catch {
      return undefined
    }
  }

  /** Lists of referrers as registries without their API have them: other programs read them so. */
  const listReferrers = async (before: readonly Entry[]): Promise<void> => {
    for (const [subject, { name, manifests }] of referrers) {
      const tag = fallbackTag(subject)
      const earlier = before.find(
        ({ annotations }) =>
          (annotations?.[FULL_REF] ?? `${name}:${annotations?.[REF]}`) === `${name}:${tag}`,
      )
      const bytes = earlier && (await files.read(earlier.digest).catch(() => undefined))
      let index: Manifest | undefined = earlier &&
        bytes && { digest: earlier.digest, mediaType: OCI_INDEX, bytes }
      for (const each of manifests.toSorted((a, b) => (a.digest < b.digest ? -1 : 1))) {
        index = withReferrer(index, each) ?? index
      }
      await write(index!)
      list(name, tag, index!)
    }
  }

  /** Whether an entry of before has been named anew; one by another program may have a tag alone. */
  const isReplaced = ({ annotations = {} }: Entry): boolean =>
    [...named.values()].some(({ annotations: now = {} }) =>
      annotations[FULL_REF] === undefined
        ? annotations[REF] !== undefined && annotations[REF] === now[REF]
        : annotations[FULL_REF] === now[FULL_REF],
    )

  const destination = (name: string): Destination => ({
    called: name,
    verifies: false,
    async has(digest) {
      const found = await wholeManifest(digest)
      if (found !== undefined) note(name, found)
      return found !== undefined
    },
    tagged: async () => undefined,
    async deliver(blob, { sent }) {
      if ((await files.sizeOf(blob.digest)) === blob.size) return 'there'
      await files.write(blob, sent)
      return 'whole'
    },
    async put(manifest, tag) {
      await write(manifest)
      note(name, manifest)
      if (tag !== undefined) list(name, tag, manifest)
    },
  })

  return {
    destination,
    name(name, digest) {
      const entry = known.get(digest)
      if (entry === undefined) throw new TransferError(`${files.called} has no ${digest}`)
      const full = `${name}@${digest}`
      named.set(full, { ...entry, annotations: { [FULL_REF]: full } })
    },
    finish: () =>
      files.finish(async (there) => {
        const before = entriesIn(files.called, there)
        await listReferrers(before)
        const manifests = [...before.filter((each) => !isReplaced(each)), ...named.values()]
        const json = (content: object): Buffer => Buffer.from(`${JSON.stringify(content)}\n`)
        const last = new Map([['oci-layout', json({ imageLayoutVersion: '1.0.0' })]])
        if (files.isArchive) {
          const images = [...named].filter(([each]) => !each.includes('@'))
          last.set('manifest.json', json(await dockerManifest(images, files.read)))
        }
        return last.set('index.json', json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }))
      }),
  }
}
