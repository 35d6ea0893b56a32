/**
 * The files of an image's layer, and what became of them in it: /v1/images/<id>/files and …/diff. Few clients ask.
 *
 * @module
 */

import { Readable } from 'node:stream'
import { parseDigest } from '../../registry/reference.ts'
import type { Registry } from '../../registry/registry.ts'
import { EMPTY_LAYER, EMPTY_LAYER_BYTES } from '../../schema1/empty-layer.ts'
import { imageNotFound } from '../../v1/errors.ts'
import { type FileInfo, fatesOf, filesAsJson, filesIn } from '../../v1/files.ts'
import type { Image, Layer } from '../../v1/image.ts'
import type { AppContext } from '../env.ts'
import { hasCode } from '../errors.ts'
import { sendObject } from '../responses.ts'
import type { Allowed } from './access.ts'
import { keepForever } from './respond.ts'

type Blobs = Pick<Registry, 'blobs'>

async function* read(
  { blobs }: Blobs,
  name: string,
  layer: Layer,
): AsyncGenerator<readonly FileInfo[]> {
  // The layer of a step that changes nothing need not have been pushed.
  if (layer.digest === EMPTY_LAYER) {
    yield* filesIn([EMPTY_LAYER_BYTES], true)
    return
  }
  const opened = await blobs.open(name, parseDigest(layer.digest)).catch((error: unknown) => {
    throw hasCode(error, 'BLOB_UNKNOWN') ? imageNotFound() : error
  })
  yield* filesIn(opened.body, layer.isPacked)
}

/** What was read, and what is still to be read. */
async function* joined<T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncGenerator<T> {
  for (let next = first; !next.done; next = await rest.next()) yield next.value
}

/** @param images from the top down */
export const answerFiles = async (
  c: AppContext,
  registry: Blobs,
  allowed: Allowed,
  [image]: readonly Image[],
): Promise<Response> => {
  if (image === undefined) throw imageNotFound()
  const files = read(registry, allowed.name, image.layer)
  // What is no archive shows at its beginning, as a rule: before a 200 is sent.
  const first = await files.next()
  const close = () => void files.return(undefined)
  keepForever(c, allowed)
  c.header('Content-Type', 'application/json')
  if (c.req.method === 'HEAD') {
    close()
    return c.body(null, 200)
  }
  return sendObject(c, Readable.from(filesAsJson(joined(first, files))).once('close', close), 200)
}

/** @param images from the top down */
export const answerFates = async (
  c: AppContext,
  registry: Blobs,
  allowed: Allowed,
  images: readonly Image[],
): Promise<Response> => {
  const layers = images.map(({ layer }) => layer)
  const fates = await fatesOf(layers, (layer) => read(registry, allowed.name, layer))
  keepForever(c, allowed)
  return c.body(JSON.stringify(fates), 200, { 'Content-Type': 'application/json' })
}
