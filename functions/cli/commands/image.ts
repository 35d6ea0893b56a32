/**
 * `slipway image inspect` and `slipway image tree`.
 *
 * @module
 */

import { sayBytes } from '../../registry/quotas/bytes.ts'
import { createTable, cut, flat } from '../aligned.ts'
import { type ImageConfig, readConfig, settingsOf } from '../images/config.ts'
import {
  blobsOf,
  childrenOf,
  collected,
  hasConfig,
  imageFor,
  kindOf,
  namedImage,
  platformText,
  type ReadImage,
  readImage,
  sizeOf,
} from '../images/read.ts'
import { treeLines, treeOf, treeTop } from '../images/tree.ts'
import type { ImagesIo } from '../ways/images-io.ts'
import { inOneLine } from './undelete.ts'

interface InspectGiven {
  readonly args: { readonly image: string }
  readonly flags: {
    readonly json: boolean
    readonly raw: boolean
    readonly platform: string | undefined
  }
}

/** The blobs of an image, with what made each layer. */
const printBlobs = (io: ImagesIo, image: ReadImage, config: ImageConfig | undefined): void => {
  const steps = (config?.history ?? []).filter((each) => each.empty_layer !== true)
  const blobs = blobsOf(image)
  const first = hasConfig(image) ? 1 : 0
  const table = createTable(io, [
    { title: 'BLOB', least: 19 },
    { title: 'SIZE', right: true },
    { title: config === undefined ? 'TYPE' : 'MADE BY', least: 10 },
  ])
  // A history that tells of other layers tells nothing.
  const isTold = steps.length === blobs.length - first
  for (const [at, { digest, size, mediaType }] of blobs.entries()) {
    const by = isTold ? steps[at - first]?.created_by?.replaceAll(/\s+/g, ' ') : undefined
    const what = config === undefined ? mediaType : at < first ? 'config' : (by ?? '')
    table.row(digest, sayBytes(size), cut(what, 200))
  }
  io.print('')
  table.end()
}

const printChildren = (io: ImagesIo, image: ReadImage): void => {
  const table = createTable(io, [
    { title: 'PLATFORM' },
    { title: 'DIGEST', least: 19 },
    { title: 'TYPE', least: 10 },
  ])
  for (const { platform, digest, mediaType } of childrenOf(image)) {
    table.row(platformText(platform) ?? '-', digest, mediaType)
  }
  io.print('')
  table.end()
}

/** `slipway image inspect`. @throws CommandError where there is none */
export const inspectImage = (io: ImagesIo, { args, flags }: InspectGiven): Promise<void> =>
  inOneLine(async () => {
    const named = namedImage(args.image)
    const image = await imageFor(io, named, await readImage(io, named), flags.platform)
    const { digest, mediaType, bytes, manifest } = image
    if (flags.raw) return io.print(Buffer.from(bytes).toString())
    const { name } = named
    const config = await readConfig(io, name, image)
    const referrers = await collected(io.referrers(name, digest))
    const size = sizeOf(image)
    const kind = kindOf(image)
    if (flags.json) {
      const { subject, annotations, listed = [] } = manifest ?? {}
      const own = { repository: name, ...named.reference, digest, mediaType, kind, size }
      io.print(JSON.stringify({ ...own, subject, annotations, listed, config, referrers }))
      return
    }
    const isIndex = childrenOf(image).length > 0
    const lines: (readonly [string, string])[] = [
      ['image', named.text],
      ['digest', digest],
      ['kind', kind],
      ['type', mediaType],
      ...(isIndex ? [] : [['size', sayBytes(size)] as const]),
      ...(manifest?.subject === undefined ? [] : [['subject', manifest.subject.digest] as const]),
      ...(config === undefined ? [] : settingsOf(config)),
      ...Object.entries(manifest?.annotations ?? {}).map(
        ([key, value]) => ['annotation', `${key}=${value}`] as const,
      ),
      ...referrers.map(
        (each) => ['referrer', `${each.digest} ${each.artifactType ?? each.mediaType}`] as const,
      ),
    ]
    for (const [key, value] of lines) io.print(`${key.padEnd(13)}${flat(value)}`)
    if (isIndex) printChildren(io, image)
    if (blobsOf(image).length > 0) printBlobs(io, image, config)
  })

interface TreeGiven {
  readonly args: { readonly image: string }
  readonly flags: { readonly json: boolean }
}

/** `slipway image tree`. @throws CommandError where there is none */
export const showTree = (io: ImagesIo, { args, flags }: TreeGiven): Promise<void> =>
  inOneLine(async () => {
    const named = namedImage(args.image)
    const tree = await treeOf(io, named.name, await readImage(io, named))
    if (flags.json) return io.print(JSON.stringify({ repository: named.name, ...tree }))
    const { width = Number.POSITIVE_INFINITY } = io
    for (const line of [treeTop(named.text, tree), ...treeLines(tree)])
      io.print(cut(flat(line), width))
  })
