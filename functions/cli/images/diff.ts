/**
 * What differs between two images.
 *
 * @module
 */

import type { Digest } from '../../registry/reference.ts'
import type { ImagesIo } from '../ways/images-io.ts'
import { readConfig, settingsOf } from './config.ts'
import { blobsOf, hasConfig, type ReadImage } from './read.ts'

/** Which of two images has something. */
export type Side = 'both' | 'first' | 'second'

/** A layer, or another blob that is no config. */
export interface DiffedLayer {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly in: Side
}

/** A setting of the config, or an annotation, that differs. */
export interface DiffedSetting {
  readonly name: string
  readonly value: string
  readonly in: Side
}

/** What differs between two images. */
export interface ImageDiff {
  readonly layers: readonly DiffedLayer[]
  /** Only what differs. */
  readonly settings: readonly DiffedSetting[]
}

/** An image, and the repository that it is in. */
export interface Sided {
  readonly name: string
  readonly image: ReadImage
}

/** All of the first in their order, then what only the second has; each as often as it is there. */
const sides = <T>(first: readonly T[], second: readonly T[], keyOf: (each: T) => string) => {
  const left = second.map(keyOf)
  const ofFirst = first.map((each): readonly [T, Side] => {
    const at = left.indexOf(keyOf(each))
    if (at === -1) return [each, 'first']
    left.splice(at, 1)
    return [each, 'both']
  })
  const ofSecond = second.flatMap((each): (readonly [T, Side])[] => {
    const at = left.indexOf(keyOf(each))
    if (at === -1) return []
    left.splice(at, 1)
    return [[each, 'second']]
  })
  return [...ofFirst, ...ofSecond]
}

const layersOf = ({ image }: Sided) => blobsOf(image).slice(hasConfig(image) ? 1 : 0)

const allSettings = async (
  io: Pick<ImagesIo, 'blob'>,
  { name, image }: Sided,
): Promise<readonly (readonly [string, string])[]> => {
  const config = await readConfig(io, name, image)
  const annotations = Object.entries(image.manifest?.annotations ?? {})
  return [
    ...(config === undefined ? [] : settingsOf(config)),
    ...annotations.map(([name, value]) => ['annotation', `${name}=${value}`] as const),
  ]
}

/** Compares two images. */
export const diffOf = async (
  io: Pick<ImagesIo, 'blob'>,
  first: Sided,
  second: Sided,
): Promise<ImageDiff> => {
  const [one, other] = await Promise.all([allSettings(io, first), allSettings(io, second)])
  return {
    layers: sides(layersOf(first), layersOf(second), ({ digest }) => digest).map(
      ([{ digest, size }, side]) => ({ digest, size, in: side }),
    ),
    settings: sides(one, other, (each) => each.join(' '))
      .filter(([, side]) => side !== 'both')
      .map(([[name, value], side]) => ({ name, value, in: side })),
  }
}
