/**
 * `slipway push`: images from a docker daemon, an archive or a layout, to any registry.
 *
 * @module
 */

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { resumeIn } from '../../transfer/blobs/resume.ts'
import { TransferError } from '../../transfer/errors.ts'
import { type PushedManifest, pushImage } from '../../transfer/push.ts'
import { createHttp } from '../../transfer/registry/http.ts'
import { openTarget, originOf, parsePlace } from '../../transfer/registry/target.ts'
import { createSender, delivering } from '../../transfer/sender.ts'
import { openSource } from '../../transfer/sources/open.ts'
import type { Image } from '../../transfer/sources/source.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { blobLine, manifestLine, progressLines } from '../push-lines.ts'
import { temporary } from '../temporary.ts'
import { VERSION } from '../version.ts'

/** What to push, and last where to. */
interface Given {
  readonly args: { readonly image: string; readonly target: readonly string[] }
  readonly flags: {
    readonly 'plain-http': boolean
    readonly json: boolean
    readonly 'mount-from': string | undefined
  }
}

/** @throws TransferError where one tag was given for several images */
const tagsFor = (
  images: readonly Image[],
  { tags }: Image,
  tag: string | undefined,
): readonly string[] => {
  if (tag === undefined) return tags.length > 0 ? tags : ['latest']
  if (images.length === 1) return [tag]
  throw new TransferError(
    `there are ${images.length} images, which cannot all be ${tag}: leave the tag out, and each keeps its own`,
  )
}

/**
 * Pushes images, and prints what was done.
 *
 * @throws UsageError, TransferError
 */
export const push = async (io: Io, { args, flags }: Given): Promise<void> => {
  const sources = [args.image, ...args.target.slice(0, -1)]
  const place = parsePlace(args.target.at(-1) ?? '')
  if (place.tag !== undefined && sources.length > 1) {
    throw new UsageError(`several images cannot all be ${place.tag}: leave the tag out`)
  }
  const http = createHttp(`slipway/${VERSION}`)
  const progress = io.progress()
  const started = io.now()
  const unpacked = await temporary(io, 'slipway-push-')
  const reading = new AbortController()
  const print = (json: object, line: string) => {
    if (flags.json) return io.print(JSON.stringify(json))
    progress.end()
    io.print(line)
  }
  try {
    const origin = await originOf(http, place.host, flags['plain-http'])
    const mountFrom = flags['mount-from']
    const from = mountFrom === undefined ? [] : [mountFrom]
    const target = await openTarget(http, origin, place, io.env, from)
    const cache = io.env.XDG_CACHE_HOME ?? (io.env.HOME && join(io.env.HOME, '.cache'))
    const sender = createSender({
      deliver: delivering({
        target,
        resume: cache === undefined ? undefined : resumeIn(join(cache, 'slipway', 'uploads')),
        mountFrom,
      }),
      happened: (blob) => print({ event: 'blob', ...blob }, blobLine(blob)),
      progress: (extent) => progress.show(...progressLines(extent, (io.now() - started) / 1000)),
    })
    const happened = (manifest: PushedManifest) =>
      print({ event: 'manifest', ...manifest }, manifestLine(manifest))
    const pushFrom = async (name: string, directory: string): Promise<void> => {
      progress.show(`reading ${name}`)
      const source = await openSource(name, {
        env: io.env,
        stdin: io.stdin,
        directory,
        signal: reading.signal,
        found: (blob) => void sender.send(blob, async () => blob).catch(() => {}),
      })
      for (const image of source.images) {
        const tags = tagsFor(source.images, image, place.tag)
        await pushImage(source, image, { target, sender, tags, happened })
      }
    }
    for (const [at, name] of sources.entries()) {
      const directory = join(unpacked.path, `${at}`)
      await mkdir(directory)
      // What cannot be sent need not be read to its end.
      await Promise.race([pushFrom(name, directory), sender.failed])
      await rm(directory, { recursive: true, force: true })
    }
  } finally {
    progress.end()
    reading.abort()
    http.close()
    unpacked.remove()
  }
}
