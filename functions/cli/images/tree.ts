/**
 * An image as a tree: an index, its manifests, their configs and layers, and what refers to each of them.
 *
 * @module
 */

import type { Descriptor } from '../../registry/descriptor.ts'
import { sayBytes } from '../../registry/quotas/bytes.ts'
import type { Digest } from '../../registry/reference.ts'
import { inBatches } from '../../shared/parallel.ts'
import { CommandError } from '../errors.ts'
import type { ImagesIo } from '../ways/images-io.ts'
import {
  blobsOf,
  childrenOf,
  collected,
  hasConfig,
  kindOf,
  platformText,
  type ReadImage,
  readManifest,
  sizeOf,
} from './read.ts'

/** A manifest or a blob of a tree. */
export interface TreeNode {
  /** `config` and `layer` of an image; of other blobs their media type; else what kind of manifest it is. */
  readonly what: string
  readonly digest: Digest
  readonly mediaType: string
  /** Bytes: of a manifest with its blobs. */
  readonly size: number
  readonly platform?: string | undefined
  /** The tag by which it belongs to its subject, as cosign's signatures do. */
  readonly tag?: string | undefined
  /** Whether the manifest is listed, and not there. */
  readonly missing?: true
  readonly children?: readonly TreeNode[]
  /** What has it for its subject. */
  readonly referrers?: readonly TreeNode[]
}

/** Where in the tree somebody is. */
interface At {
  readonly io: ImagesIo
  readonly name: string
  /** Tags that belong to a manifest, by its digest with a dash. */
  readonly tags: ReadonlyMap<string, readonly string[]>
  /** Manifests from the top down: what lists one of them leads in a circle. */
  readonly above: readonly Digest[]
  /** Manifests of the whole tree that were read so far. */
  readonly read: { count: number }
}

/** Most levels. */
const DEEPEST = 12
/** Most manifests, each as often as it is listed: a few that list each other many times would make a tree without an end. */
const MOST = 10_000

const blobNode = (
  { digest, mediaType, size }: Descriptor,
  place: number,
  image: ReadImage,
): TreeNode => {
  const what = !hasConfig(image) ? mediaType : place === 0 ? 'config' : 'layer'
  return { what, digest, mediaType, size }
}

/** What a tag begins with that belongs to a manifest: its digest, with a dash. */
const ABOUT = /^(?:sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})(?=[.-]|$)/

/** Tags of the form sha256-HEX.sig, by what they begin with. One listing for all manifests of a tree. */
const tagsAbout = async (io: ImagesIo, name: string): Promise<At['tags']> => {
  const found = new Map<string, string[]>()
  for await (const tag of io.tags(name, 'sha256')) {
    if (!/^sha(?:256|512)-/.test(tag)) {
      if (tag > 'sha512-~') break
      continue
    }
    const [about] = tag.match(ABOUT) ?? []
    // An index of the fallback, with nothing behind the digest, lists what the API does, too.
    if (about === undefined || about === tag) continue
    found.set(about, [...(found.get(about) ?? []), tag])
  }
  return found
}

/** Referrers by the API, and by tags that name their subject. */
const referrersOf = async (at: At, digest: Digest): Promise<TreeNode[]> => {
  const { io, name } = at
  const nodes: TreeNode[] = []
  const listed = await collected(io.referrers(name, digest))
  nodes.push(...(await inBatches(listed, (each) => manifestNode(at, each, undefined))))
  for (const tag of at.tags.get(digest.replace(':', '-')) ?? []) {
    const image = await readManifest(io, name, { tag })
    if (image === undefined) continue
    nodes.push({ ...(await nodeOf(at, image)), tag })
  }
  return nodes
}

/** A manifest that is listed. */
const manifestNode = async (
  at: At,
  descriptor: Pick<Descriptor, 'digest' | 'mediaType' | 'size' | 'artifactType'>,
  platform: string | undefined,
): Promise<TreeNode> => {
  const { digest, mediaType, size, artifactType } = descriptor
  at.read.count += 1
  if (at.read.count > MOST) throw new CommandError(`it has more than ${MOST} manifests`)
  const image = await readManifest(at.io, at.name, { digest })
  if (image !== undefined) return { ...(await nodeOf(at, image)), platform }
  return { what: artifactType ?? 'manifest', digest, mediaType, size, platform, missing: true }
}

const nodeOf = async (at: At, image: ReadImage): Promise<TreeNode> => {
  const { digest, mediaType } = image
  const own = { what: kindOf(image), digest, mediaType, size: sizeOf(image) }
  if (at.above.includes(digest) || at.above.length >= DEEPEST) return own
  const below = { ...at, above: [...at.above, digest] }
  const [manifests, referrers] = await Promise.all([
    inBatches([...childrenOf(image)], (each) =>
      manifestNode(below, each, platformText(each.platform)),
    ),
    referrersOf(below, digest),
  ])
  const blobs = blobsOf(image).map((each, place) => blobNode(each, place, image))
  return { ...own, children: [...manifests, ...blobs], referrers }
}

/** Reads the tree of an image. */
export const treeOf = async (io: ImagesIo, name: string, image: ReadImage): Promise<TreeNode> =>
  nodeOf({ io, name, tags: await tagsAbout(io, name), above: [], read: { count: 0 } }, image)

const lineOf = ({ what, digest, size, platform, tag, missing }: TreeNode): string =>
  [platform, what, tag, missing ? 'missing' : sayBytes(size), digest]
    .filter((each) => each !== undefined)
    .join('  ')

/** The lines of a tree below its first. */
export const treeLines = ({ children = [], referrers = [] }: TreeNode): string[] => {
  const all = [
    ...children.map((node) => ({ node, sign: '' })),
    ...referrers.map((node) => ({ node, sign: 'refers to it: ' })),
  ]
  return all.flatMap(({ node, sign }, place) => {
    const isLast = place === all.length - 1
    return [
      `${isLast ? '└── ' : '├── '}${sign}${lineOf(node)}`,
      ...treeLines(node).map((line) => `${isLast ? '    ' : '│   '}${line}`),
    ]
  })
}

/** The first line of a tree. @param text what was asked for */
export const treeTop = (text: string, node: TreeNode): string => `${text}  ${lineOf(node)}`
