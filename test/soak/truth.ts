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
}

/** Changes what is known. */
export const become = (each: Image | Tag, state: Being): void => {
  each.state = state
  each.changes += 1
}
