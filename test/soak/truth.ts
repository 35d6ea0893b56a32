/**
 * What clients were told: which images and tags there are. Each image and each tag has one owner, who does
 * one thing after another, so what holds of it is known, but for what had no answer.
 *
 * @module
 */
import type { Content } from '../support/hosts/content.ts'

/** Whether something is there; `unknown` after a request without an answer. */
export type Being = 'there' | 'deleted' | 'unknown'

/** A manifest in a repository. */
export interface Image {
  readonly name: string
  readonly manifest: Content
  readonly type: string
  readonly blobs: readonly Content[]
  /** Of an index: images that must not be deleted. */
  readonly children: readonly Image[]
  state: Being
  /** Grows with each change, so that who has looked for long can tell. */
  changes: number
  /** When its delete was sent, in milliseconds. */
  deleted: number
}

/** A tag, and the image that it says. */
export interface Tag {
  readonly name: string
  readonly tag: string
  image: Image
  state: Being
  changes: number
}

/** All that clients know. */
export interface Truth {
  readonly images: Image[]
  readonly tags: Tag[]
  /** What was pushed, blobs and manifests, by digest. */
  readonly blobs: Map<string, Content>
}

/** Changes what is known. */
export const become = (each: Image | Tag, state: Being): void => {
  each.state = state
  each.changes += 1
}

/** Deleted images that a pusher remembers, to push them again. */
const REMEMBERED = 20

/** Forgets the deleted images of a pusher, but for the last ones: a soak may take hours. */
export const forgetDeleted = (mine: Image[], truth: Truth): void => {
  const deleted = mine.filter(({ state }) => state === 'deleted')
  if (deleted.length < 3 * REMEMBERED) return
  const gone = new Set(deleted.slice(0, -REMEMBERED))
  for (const { manifest } of gone) truth.blobs.delete(manifest.sha256)
  for (const images of [mine, truth.images]) {
    const kept = images.filter((each) => !gone.has(each))
    images.splice(0, images.length, ...kept)
  }
}
