/**
 * Images of the first API: /v1/images/<id>/…
 *
 * Their paths have no repository in them: it is the one of the token. What is not in it is not found, whoever knows the id.
 *
 * @module
 */

import type { Hono } from 'hono'
import { parseDigest } from '../../registry/reference.ts'
import { EMPTY_LAYER, EMPTY_LAYER_BYTES } from '../../schema1/empty-layer.ts'
import { imageNotFound } from '../../v1/errors.ts'
import { MOST_JSON } from '../../v1/image.ts'
import { isId } from '../../v1/names.ts'
import type { V1 } from '../../v1/open.ts'
import { bodyOf, readBody } from '../body.ts'
import type { AppContext, AppEnv, AppOptions } from '../env.ts'
import { hasCode } from '../errors.ts'
import { eventOrigin } from '../event-origin.ts'
import { parseContentLength, parseRange } from '../request.ts'
import { sendObject } from '../responses.ts'
import { type Allowed, allow } from './access.ts'
import { readAnnounced, sendAnnounced } from './announced.ts'
import { answerFates, answerFiles } from './files.ts'
import { report } from './report.ts'
import { allowPush } from './repository.ts'
import { guarded, keepForever, sendJson } from './respond.ts'

const ID = '/v1/images/:id'

const readId = (c: AppContext): string => {
  const id = c.req.param('id')
  if (!isId(id)) throw imageNotFound()
  return id
}

/** Registers them. */
export const imageRoutesV1 = (app: Hono<AppEnv>, options: AppOptions, v1: V1): void => {
  const { registry } = options

  const allowPushing = (c: AppContext): Promise<Allowed> => allowPush(c, options, v1, undefined)

  const find = async (name: string, id: string) => {
    const found = await v1.remembered.find(name, id)
    const [image] = found?.images ?? []
    if (found === undefined || image === undefined) throw imageNotFound()
    return { ...found, image }
  }

  app.get(
    `${ID}/json`,
    guarded(async (c) => {
      const id = readId(c)
      const allowed = await allow(c, v1, undefined, 'pull', 'push')
      const { name, actions } = allowed
      const mayPull = actions.includes('pull')
      const found = await v1.remembered.find(name, id)
      const [image] = found?.images ?? []
      if (image === undefined || !mayPull) {
        // Who pushes asks whether it is there, and what was not tagged yet is for nobody else.
        if (!actions.includes('push')) throw imageNotFound()
        const json = await v1.pushes.whole(name, id)
        c.header('Cache-Control', 'no-cache')
        return c.body(mayPull ? json : JSON.stringify({ id }), 200, {
          'Content-Type': 'application/json',
        })
      }
      keepForever(c, allowed)
      sendAnnounced(c, image.announced)
      c.header('X-Docker-Size', String(image.layer.size))
      if (image.payload !== undefined) c.header('X-Docker-Checksum-Payload', image.payload)
      return c.body(image.json, 200, { 'Content-Type': 'application/json' })
    }),
  )

  app.get(
    `${ID}/ancestry`,
    guarded(async (c) => {
      const id = readId(c)
      const allowed = await allow(c, v1, undefined, 'pull')
      const { digest, images } = await find(allowed.name, id)
      // Docker asks for it once for each image that it pulls.
      options.pulled?.(allowed.name, digest, allowed.who)
      if (options.auditPulls) {
        report(c, 'pull', `/v1/repositories/${allowed.name} ${digest}`, allowed.who)
      }
      keepForever(c, allowed)
      return c.body(JSON.stringify(images.map((each) => each.id)), 200, {
        'Content-Type': 'application/json',
      })
    }),
  )

  app.get(
    `${ID}/layer`,
    guarded(async (c) => {
      const id = readId(c)
      const allowed = await allow(c, v1, undefined, 'pull')
      const { image } = await find(allowed.name, id)
      const digest = parseDigest(image.layer.digest)
      const head = c.req.method === 'HEAD'
      const setHeaders = (length: number): void => {
        keepForever(c, allowed)
        sendAnnounced(c, image.announced)
        c.header('Content-Type', 'application/octet-stream')
        c.header('Accept-Ranges', 'bytes')
        c.header('Content-Length', String(length))
      }
      try {
        const range = head ? undefined : parseRange(c.req.header('Range'))
        if (head) {
          const size = await registry.blobs.stat(allowed.name, digest)
          if (size === undefined) throw imageNotFound()
          setHeaders(size)
          return c.body(null, 200)
        }
        const read = await registry.blobs.open(allowed.name, digest, range)
        setHeaders(read.end - read.start + 1)
        if (range === undefined) return sendObject(c, read.body, 200)
        c.header('Content-Range', `bytes ${read.start}-${read.end}/${read.info.size}`)
        return sendObject(c, read.body, 206)
      } catch (error) {
        if (!hasCode(error, 'BLOB_UNKNOWN')) throw error
        // The layer of a step that changes nothing need not have been pushed.
        if (digest !== EMPTY_LAYER) throw imageNotFound()
        setHeaders(EMPTY_LAYER_BYTES.byteLength)
        return c.body(EMPTY_LAYER_BYTES, 200)
      }
    }),
  )

  for (const [what, answer] of Object.entries({ files: answerFiles, diff: answerFates })) {
    app.get(
      `${ID}/${what}`,
      guarded(async (c) => {
        const id = readId(c)
        const allowed = await allow(c, v1, undefined, 'pull')
        const { images } = await find(allowed.name, id)
        return answer(c, registry, allowed, images)
      }),
    )
  }

  app.put(
    `${ID}/json`,
    guarded(async (c) => {
      const id = readId(c)
      const { name } = await allowPushing(c)
      const limit = { what: 'JSON of the image', limit: MOST_JSON }
      const announced = readAnnounced(c)
      await v1.pushes.json(name, id, await readBody(c, registry.memory, limit), announced)
      return sendJson(c, true)
    }),
  )

  app.put(
    `${ID}/layer`,
    guarded(async (c) => {
      const id = readId(c)
      const { name, who, holder } = await allowPushing(c)
      await v1.pushes.layer(name, id, {
        source: bodyOf(c),
        length: parseContentLength(c.req.header('Content-Length')),
        origin: eventOrigin(c),
        announced: readAnnounced(c),
        startedBy: who,
        holder,
      })
      return sendJson(c, true)
    }),
  )

  app.put(
    `${ID}/checksum`,
    guarded(async (c) => {
      const id = readId(c)
      const { name } = await allowPushing(c)
      await v1.pushes.checksum(name, id, {
        payload: c.req.header('X-Docker-Checksum-Payload'),
        tarsum: c.req.header('X-Docker-Checksum'),
      })
      return sendJson(c, true)
    }),
  )
}
