/**
 * Which images of an index must be in its repository. distribution 3 has the same choice
 * (`validation.manifests.indexes.platforms`): an index of twenty platforms can be mirrored for one.
 *
 * @module
 */

import type { Descriptor, Platform } from './descriptor.ts'
import type { Manifest } from './manifest.ts'
import { isIndex } from './media-types.ts'

/** All, none, or those for these platforms; of a platform without a variant, every variant. */
export type RequiredChildren = 'all' | 'none' | readonly Platform[]

/** What is required by repository. */
export type RequiredChildrenOf = (name: string) => RequiredChildren

const isFor = (child: Platform | undefined, { os, architecture, variant }: Platform): boolean =>
  child?.os === os &&
  child?.architecture === architecture &&
  (variant === undefined || child?.variant === variant)

/** A child without a platform is for none that is named. */
const isRequired = (required: RequiredChildren, { platform }: Descriptor): boolean =>
  typeof required === 'string' ? required === 'all' : required.some((each) => isFor(platform, each))

/** What a manifest refers to that must be in its repository. */
export const neededBy = (
  { mediaType, references }: Manifest,
  required: RequiredChildren,
): readonly Descriptor[] =>
  isIndex(mediaType) ? references.filter((each) => isRequired(required, each)) : references
