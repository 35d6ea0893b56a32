/**
 * Pulls of images, as a whole: every blob is read and hashed.
 *
 * @module
 */
import { digestOf } from '../../functions/registry/reference.ts'
import type { Client } from './client.ts'
import type { History } from './history.ts'
import type { Image, Tag } from './truth.ts'

/** Reads and hashes. @returns what is wrong; `none` without an answer */
const wrongWith = async (
  { send }: Client,
  target: string,
  digest: string,
): Promise<string | undefined> => {
  const answer = await send(`GET ${target}`)
  if (answer === undefined) return 'none'
  if (answer.status !== 200) return `${target}: ${answer.status}`
  return digestOf(answer.body) === digest ? undefined : `${target} is other bytes`
}

/**
 * Pulls an image by its digest, or by the tag that says it. Only a violation if nobody has changed it.
 *
 * @param pulled what was pulled already and is not pulled again, when nothing changes any more
 */
export const pull = async (
  client: Client,
  history: History,
  image: Image,
  tag?: Tag,
  pulled?: Set<string>,
): Promise<void> => {
  const { name, manifest, blobs, children } = image
  const seen = [image.changes, tag?.changes]
  if (image.state !== 'there' || (tag !== undefined && tag.state !== 'there')) return
  const targets = [
    [`/v2/${name}/manifests/${tag?.tag ?? manifest.sha256}`, manifest.sha256] as const,
    ...blobs.map(({ sha256 }) => [`/v2/${name}/blobs/${sha256}`, sha256] as const),
    ...children.map(
      (each) => [`/v2/${name}/manifests/${each.manifest.sha256}`, each.manifest.sha256] as const,
    ),
  ]
  history.count('pulls')
  for (const [target, digest] of targets) {
    if (pulled?.has(target)) continue
    pulled?.add(target)
    const wrong = await wrongWith(client, target, digest)
    // Somebody else has changed it meanwhile, or nothing is known.
    if (wrong === 'none' || image.changes !== seen[0] || tag?.changes !== seen[1]) return
    if (wrong !== undefined) history.violated(wrong, [manifest.sha256, digest])
  }
}
