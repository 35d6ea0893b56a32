/**
 * The keys of image number so and so, in the places of a recorded key.
 *
 * @module
 */

import { hash } from 'node:crypto'

/** An image of a registry that is only imagined. */
export interface Subject {
  /** Number of its repository. */
  readonly repository: number
  /** Number of its content: two images with the same one share all blobs. */
  readonly content: number
  readonly tag: string
}

const PLACE = /\{(name|tag|upload|digest|spread)(?: (\d+))?\}/g

const hexOf = (text: string): string => hash('sha256', text, 'hex')

/** A name with an organization, whose order has nothing to do with its number. */
const nameOf = (repository: number): string => {
  const hex = hexOf(`name ${repository}`)
  return `org-${hex.slice(0, 3)}/app-${hex.slice(3, 9)}-${repository}`
}

/**
 * A recorded key for another image.
 *
 * @param blob of the image's blobs, the one that a recorded request for its first layer is about; 0 is the config
 */
export const keyFor = (recorded: string, { repository, content, tag }: Subject, blob = 1): string =>
  recorded.replace(PLACE, (_, place: string, index: string | undefined) => {
    if (place === 'name') return nameOf(repository)
    if (place === 'tag') return tag
    const wanted = index === '2' ? blob + 1 : Number(index ?? 0)
    const hex = hexOf(`${place === 'upload' ? 'upload' : 'content'} ${content} ${wanted}`)
    return place === 'spread' ? `${hex.slice(0, 2)}/${hex}` : hex
  })

/** What a recorded key is, in words. */
export const kindOf = (recorded: string): string => {
  if (recorded.includes('/tags/')) return "a tag's link"
  if (recorded.includes('/revisions/')) return "a manifest's link"
  if (recorded.includes('/_layers/')) return "a blob's link"
  if (recorded.includes('/catalog/')) return 'a mark of the catalog'
  return recorded.includes('{spread 0}') ? "a manifest's data" : "a blob's data"
}
