/**
 * A repository of a registry that images are copied to.
 *
 * @module
 */

import { MANIFEST_TYPES } from '../../registry/media-types.ts'
import { digestOf, isDigest } from '../../registry/reference.ts'
import type { Destination } from '../copy/ports.ts'
import { shapeOf } from '../copy/shape.ts'
import type { Deliver } from '../sender.ts'
import type { Manifest } from '../sources/source.ts'
import { refused } from './failure.ts'
import { fallbackTag, withReferrer } from './referrers-tag.ts'
import { manifestPath, type Target } from './target.ts'

const ACCEPT = MANIFEST_TYPES.join(', ')

/** What messages call a repository. */
export const calledAs = ({ origin, name }: Pick<Target, 'origin' | 'name'>): string =>
  `${new URL(origin).host}/${name}`

/** What a registry says of a tag or digest. @returns undefined where it has no such manifest */
export const headManifest = async (
  target: Pick<Target, 'origin' | 'name' | 'resolve' | 'send'>,
  reference: string,
): Promise<{ readonly digest: string | undefined } | undefined> => {
  const url = target.resolve(manifestPath(reference))
  const reply = await target.send({ method: 'HEAD', url, headers: { Accept: ACCEPT } })
  if (reply.status === 404) return undefined
  if (reply.status !== 200)
    throw refused(`${calledAs(target)} cannot be asked for ${reference}`, reply)
  const digest = reply.headers['docker-content-digest']
  return { digest: typeof digest === 'string' && isDigest(digest) ? digest : undefined }
}

/** Opens a repository; sends nothing yet. */
export const registryDestination = (target: Target, deliver: Deliver): Destination => {
  /** Lists of one subject are changed one after another. */
  const lists = new Map<string, Promise<void>>()

  const listed = async (tag: string): Promise<Manifest | undefined> => {
    const url = target.resolve(manifestPath(tag))
    const reply = await target.send({ method: 'GET', url, headers: { Accept: ACCEPT } })
    if (reply.status === 404) return undefined
    if (reply.status !== 200) throw refused(`${tag} of ${calledAs(target)} cannot be had`, reply)
    const { body: bytes, headers } = reply
    return { digest: digestOf(bytes), mediaType: headers['content-type'] ?? '', bytes }
  }

  const list = async (subject: string, referrer: Manifest): Promise<void> => {
    const tag = fallbackTag(subject)
    const next = withReferrer(await listed(tag), referrer)
    if (next !== undefined) await target.putManifest(tag, next.mediaType, next.bytes)
  }

  return {
    called: calledAs(target),
    verifies: false,
    deliver,
    has: async (digest) => (await headManifest(target, digest)) !== undefined,
    tagged: async (tag) => (await headManifest(target, tag))?.digest,
    async put(manifest, tag) {
      const { digest, mediaType, bytes } = manifest
      const reply = await target.putManifest(tag ?? digest, mediaType, bytes)
      const { subject } = shapeOf(manifest)
      if (subject === undefined || reply.headers['oci-subject'] !== undefined) return
      const before = lists.get(subject.digest) ?? Promise.resolve()
      const listing = before.catch(() => {}).then(() => list(subject.digest, manifest))
      lists.set(subject.digest, listing)
      await listing
    },
  }
}
