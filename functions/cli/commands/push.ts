/**
 * `slipway push`: images from a docker daemon, an archive or a layout, to any registry.
 *
 * @module
 */

import { join } from 'node:path'
import { resumeIn } from '../../transfer/blobs/resume.ts'
import { TransferError } from '../../transfer/errors.ts'
import { type Extent, type Happening, pushImage } from '../../transfer/push.ts'
import { createHttp } from '../../transfer/registry/http.ts'
import { openTarget, originOf, parsePlace } from '../../transfer/registry/target.ts'
import { openSource } from '../../transfer/sources/open.ts'
import type { Image } from '../../transfer/sources/source.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
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

const MEGABYTE = 1_000_000

const inMegabytes = (bytes: number): string => (bytes / MEGABYTE).toFixed(1)

const WAYS = {
  there: 'is there',
  mounted: 'was mounted',
  parts: 'was sent to the store',
  whole: 'was sent',
  chunks: 'was sent in chunks',
} as const

const lineOf = (happening: Happening): string =>
  happening.event === 'blob'
    ? `${happening.digest} ${WAYS[happening.way]} (${inMegabytes(happening.size)} MB)`
    : `${happening.reference} is ${happening.digest}`

/** A line for people: a bar, how much, how fast. */
const barOf = ({ sent, size, blobs, ready }: Extent, seconds: number): string => {
  const share = size === 0 ? 1 : sent / size
  const bar = '#'.repeat(Math.round(share * 20)).padEnd(20, '.')
  const speed = seconds > 0 ? inMegabytes(sent / seconds) : '0.0'
  return `[${bar}] ${inMegabytes(sent)} of ${inMegabytes(size)} MB, ${ready} of ${blobs} blobs, ${speed} MB/s`
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
  try {
    const origin = await originOf(http, place.host, flags['plain-http'])
    const mountFrom = flags['mount-from']
    const from = mountFrom === undefined ? [] : [mountFrom]
    const target = await openTarget(http, origin, place, io.env, from)
    const cache = io.env.XDG_CACHE_HOME ?? (io.env.HOME && join(io.env.HOME, '.cache'))
    const resume = cache === undefined ? undefined : resumeIn(join(cache, 'slipway', 'uploads'))
    for (const name of sources) {
      progress.show(`reading ${name}`)
      const source = await openSource(name, { env: io.env, stdin: io.stdin, http })
      try {
        for (const image of source.images) {
          await pushImage(source, image, {
            target,
            resume,
            mountFrom,
            tags: tagsFor(source.images, image, place.tag),
            happened: (happening) => {
              if (flags.json) return io.print(JSON.stringify(happening))
              progress.end()
              io.print(lineOf(happening))
            },
            progress: (extent) => progress.show(barOf(extent, (io.now() - started) / 1000)),
          })
        }
      } finally {
        await source.close()
      }
    }
  } finally {
    progress.end()
    http.close()
  }
}
