/**
 * Repositories of the first API: /v1/repositories/<namespace>/<name>/ and …/images, with which pushes and pulls begin, and
 * a push ends.
 *
 * @module
 */

import type { Hono } from 'hono'
import { MAX_MANIFEST_BYTES } from '../../registry/manifests.ts'
import { invalid } from '../../v1/errors.ts'
import type { V1 } from '../../v1/open.ts'
import { readBody } from '../body.ts'
import type { AppContext, AppEnv, AppOptions } from '../env.ts'
import { hasCode } from '../errors.ts'
import { allow, giveToken } from './access.ts'
import { answerAnnounced } from './announced.ts'
import { report } from './report.ts'
import {
  allowPush,
  REPOSITORY,
  REPOSITORY_ALONE,
  readName,
  repositoryNotFound,
} from './repository.ts'
import { guarded, sendJson } from './respond.ts'
import { shownTags } from './shown.ts'

/** Tags whose images are named where all images of a repository are asked for: docker looks at one of them. */
const MOST_LISTED = 100

/** Reads a list of images. Nothing of it is kept: which images a repository has, its tags say. */
const readImages = async (c: AppContext, { registry }: AppOptions): Promise<void> => {
  const limit = MAX_MANIFEST_BYTES
  const bytes = await readBody(c, registry.memory, { what: 'list of images', limit })
  let list: unknown
  try {
    list = JSON.parse(Buffer.from(bytes).toString())
  } catch (cause) {
    throw invalid('Error Decoding JSON', cause)
  }
  if (!Array.isArray(list)) throw invalid('Invalid data')
}

/** Registers the lists of images. */
export const imageListRoutesV1 = (app: Hono<AppEnv>, options: AppOptions, v1: V1): void => {
  app.get(
    `${REPOSITORY}/images`,
    guarded(async (c) => {
      const allowed = await allow(c, v1, readName(c), 'pull')
      const known = new Map<string, { readonly checksum?: string; readonly id: string }>()
      for (const { images } of await shownTags(options.registry, v1, allowed.name, MOST_LISTED)) {
        for (const { id, tarsum } of images.toReversed()) {
          known.set(id, tarsum === undefined ? { id } : { checksum: tarsum, id })
        }
      }
      await giveToken(c, v1, allowed, 'pull')
      answerAnnounced(c)
      return sendJson(c, [...known.values()])
    }),
  )

  app.put(
    `${REPOSITORY}/images`,
    guarded(async (c) => {
      const allowed = await allowPush(c, options, v1, readName(c))
      await readImages(c, options)
      await giveToken(c, v1, allowed, 'push')
      c.header('Cache-Control', 'no-cache')
      c.header('Content-Type', 'application/json')
      return c.body(null, 204)
    }),
  )
}

/** Registers the beginning of a push, and deletes. */
export const repositoryRoutesV1 = (app: Hono<AppEnv>, options: AppOptions, v1: V1): void => {
  app.put(
    REPOSITORY_ALONE,
    guarded(async (c) => {
      const allowed = await allowPush(c, options, v1, readName(c))
      await readImages(c, options)
      await giveToken(c, v1, allowed, 'push')
      answerAnnounced(c)
      return sendJson(c, '')
    }),
  )

  // By credentials, which a token is not, as for tags.
  const remove = guarded(async (c) => {
    const name = readName(c)
    const { deleteRepository } = await import('../routes/delete-repository.ts')
    await deleteRepository(c, name, options).catch((error: unknown) => {
      throw hasCode(error, 'NAME_UNKNOWN') ? repositoryNotFound() : error
    })
    report(c, 'delete', c.req.path)
    return sendJson(c, true)
  })
  app.delete(`${REPOSITORY}/tags`, remove)
  app.delete(REPOSITORY_ALONE, remove)
}
