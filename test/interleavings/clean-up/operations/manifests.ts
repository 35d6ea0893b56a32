/**
 * Every way in which clients bring manifests and tags, and take them away.
 *
 * @module
 */
import { OCI_INDEX, OCI_MANIFEST } from '../../../../functions/registry/media-types.ts'
import {
  type Content,
  descriptorOf,
  imageOf,
  indexOf,
  LAYER_TYPE,
} from '../../../support/hosts/content.ts'
import { codeOf } from '../../../support/rig/client.ts'
import { LAYER } from '../../work.ts'
import { BLOB, IMAGE } from '../actors.ts'
import type { Actor } from '../run.ts'
import { actor, is, manifestIn } from './answers.ts'

/** Another image of the same blob. */
export const OTHER = imageOf([], { annotations: { is: 'other' } })
/** What refers to the image. */
export const SIGNATURE = imageOf([], { subject: descriptorOf(OCI_MANIFEST, IMAGE) })
export const LIST = indexOf([IMAGE])
/** An index of an index. */
export const NESTED = indexOf([], { manifests: [descriptorOf(OCI_INDEX, LIST)] })
/** As BuildKit writes its caches: the child of an index is a blob. */
export const CACHE = indexOf([], { manifests: [descriptorOf(LAYER_TYPE, BLOB)] })
/** Referrers as clients keep them that do not know of the referrers API. */
export const FALLBACK = indexOf([SIGNATURE])
export const FALLBACK_TAG = IMAGE.sha256.replace(':', '-')

/** An image of two blobs. */
export const TWO_BLOBS = imageOf([LAYER])

/** Answers that say that nothing was taken in: what it needs is not there, or its condition does not hold. */
const REFUSALS = ['MANIFEST_BLOB_UNKNOWN', 'PRECONDITION_FAILED', 'DENIED']

interface Put {
  readonly title: string
  /** Tag or digest, with a query. */
  readonly to: string
  readonly content: Content
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What it relies on, too. */
  readonly relied?: readonly Content[]
  /** Tags that it sets. */
  readonly tags?: readonly string[]
}

/** A push to `app`. */
export const put = ({
  title,
  to,
  content,
  type = OCI_MANIFEST,
  headers = {},
  relied = [],
  tags = to.includes(':') ? [] : [to],
}: Put): Actor =>
  actor(title, async (world) => {
    const path = `PUT /v2/app/manifests/${to}`
    const answer = await world.send(path, content.bytes, { 'Content-Type': type, ...headers })
    if (REFUSALS.includes(`${codeOf(answer)}`)) return
    if (!is(world, answer, title, 201)) return
    for (const each of [content, ...relied]) world.told(manifestIn('app', each))
    for (const tag of tags) world.told({ kind: 'tag', name: 'app', tag })
  })

export const pushSha512 = put({
  title: 'push by sha512 digest',
  to: IMAGE.sha512,
  // It is there under this digest alone.
  content: { ...IMAGE, bytes: IMAGE.bytes, sha256: IMAGE.sha512, sha512: IMAGE.sha512 },
})

const remove = (title: string, reference: string, override = {}): Actor =>
  actor(title, async (world) => {
    world.excuse('app')
    const answer = await world.send(`DELETE /v2/app/manifests/${reference}`, undefined, override)
    is(world, answer, 'a delete', 202, 404)
  })

export const deleteTag = remove('delete of the tag', 'v1')
export const deleteReferrer = remove('delete of a referrer', SIGNATURE.sha256)
export const deleteSha512 = remove('delete by sha512 digest', IMAGE.sha512)

/** A client that lists what refers to the image, and pulls it. */
export const pullReferrers: Actor = actor('pull of what refers to it', async (world) => {
  const { status, body } = await world.send(`GET /v2/app/referrers/${IMAGE.sha256}`)
  if (status !== 200) return world.wrong(`a list of referrers is ${status}`)
  for (const { digest } of JSON.parse(body.toString()).manifests) {
    const answer = await world.send(`GET /v2/app/manifests/${digest}`)
    is(world, answer, 'a referrer that is listed', 200, 404)
  }
})
