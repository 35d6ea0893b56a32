/**
 * `slipway image diff`.
 *
 * @module
 */

import { sayBytes } from '../../registry/quotas/bytes.ts'
import type { Digest } from '../../registry/reference.ts'
import { cut, flat } from '../aligned.ts'
import { CommandError } from '../errors.ts'
import { type DiffedLayer, diffOf, type ImageDiff, type Side, type Sided } from '../images/diff.ts'
import {
  childrenOf,
  imageFor,
  type NamedImage,
  namedImage,
  platformText,
  type ReadImage,
  readImage,
  readManifest,
} from '../images/read.ts'
import type { ImagesIo } from '../ways/images-io.ts'
import { counted, inOneLine } from './undelete.ts'

interface Given {
  readonly args: { readonly first: string; readonly second: string }
  readonly flags: { readonly json: boolean; readonly platform: string | undefined }
}

/** Two images to compare, or one of a platform that only one side has. */
interface Pair {
  readonly platform: string | undefined
  readonly first: Digest | undefined
  readonly second: Digest | undefined
}

/** The images of an index by their platform; those of none, as attestations, are left out. */
const byPlatform = (image: ReadImage): ReadonlyMap<string, Digest> =>
  new Map(
    childrenOf(image).flatMap(({ platform, digest }): [string, Digest][] => {
      const text = platformText(platform)
      return text === undefined || text.startsWith('unknown') ? [] : [[text, digest]]
    }),
  )

/** What is compared with what. */
const pairsOf = (first: ReadImage, second: ReadImage): readonly Pair[] => {
  const [one, other] = [byPlatform(first), byPlatform(second)]
  if (one.size === 0 && other.size === 0) {
    return [{ platform: undefined, first: first.digest, second: second.digest }]
  }
  if (one.size === 0 || other.size === 0) {
    throw new CommandError('only one of them is an index: --platform takes an image of it')
  }
  const platforms = [...new Set([...one.keys(), ...other.keys()])]
  return platforms.map((platform) => ({
    platform,
    first: one.get(platform),
    second: other.get(platform),
  }))
}

const SIGNS: Readonly<Record<Side, string>> = { both: ' ', first: '-', second: '+' }

/** How many layers a side has, with their bytes. */
const sum = (layers: readonly DiffedLayer[], side: Side): string => {
  const own = layers.filter((each) => each.in === side)
  const bytes = own.reduce((all, { size }) => all + size, 0)
  return `${counted(own.length, 'layer')} (${sayBytes(bytes)})`
}

const linesOf = ({ layers, settings }: ImageDiff): string[] => [
  ...settings.map(({ name, value, in: side }) => `${SIGNS[side]} ${name} ${value}`),
  ...layers.map(
    ({ digest, size, in: side }) =>
      `${SIGNS[side]} layer ${side === 'both' ? 'shared ' : ''}${digest} ${sayBytes(size)}`,
  ),
  `${sum(layers, 'both')} shared, ${sum(layers, 'first')} removed, ${sum(layers, 'second')} added`,
]

/** `slipway image diff`. @throws CommandError where one of them is not there */
export const diffImages = (io: ImagesIo, { args, flags }: Given): Promise<void> =>
  inOneLine(async () => {
    const named = [namedImage(args.first), namedImage(args.second)] as const
    const read = async (each: NamedImage) =>
      imageFor(io, each, await readImage(io, each), flags.platform)
    const [first, second] = await Promise.all([read(named[0]), read(named[1])])
    const sided = async (at: 0 | 1, digest: Digest): Promise<Sided> => {
      const { name, text } = named[at]
      const known = [first, second][at]!
      const image = known.digest === digest ? known : await readManifest(io, name, { digest })
      if (image === undefined) throw new CommandError(`${text} lists ${digest}, which is not there`)
      return { name, image }
    }
    const { width = Number.POSITIVE_INFINITY } = io
    for (const pair of pairsOf(first, second)) {
      const same = pair.first === pair.second
      const difference =
        pair.first === undefined || pair.second === undefined || same
          ? undefined
          : await diffOf(io, await sided(0, pair.first), await sided(1, pair.second))
      if (flags.json) {
        io.print(JSON.stringify({ ...pair, same, ...difference }))
        continue
      }
      const { platform = 'image' } = pair
      if (same) io.print(`${platform}: the same, ${pair.first}`)
      else if (pair.first === undefined) io.print(`+ ${platform} ${pair.second}`)
      else if (pair.second === undefined) io.print(`- ${platform} ${pair.first}`)
      else {
        io.print(`${platform}: ${pair.first} and ${pair.second}`)
        for (const line of difference === undefined ? [] : linesOf(difference)) {
          io.print(cut(flat(line), width))
        }
      }
    }
  })
