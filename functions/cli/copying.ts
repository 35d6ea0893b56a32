/**
 * What all commands that move images share: a client, progress, lines, and the engine.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import type { Way } from '../transfer/blobs/send.ts'
import { type CopiedManifest, createCopier } from '../transfer/copy/copy.ts'
import { type Patience, patientDeliver } from '../transfer/copy/patience.ts'
import type { Platform } from '../transfer/copy/platforms.ts'
import type { Destination, Origin } from '../transfer/copy/ports.ts'
import { RefusedError, TransferError } from '../transfer/errors.ts'
import { createHttp, type Http } from '../transfer/registry/http.ts'
import { createSender } from '../transfer/sender.ts'
import type { Io } from './io.ts'
import { bytesShown, durationShown, progressLines } from './push-lines.ts'
import { VERSION } from './version.ts'

/** Images that are copied at a time. */
const PARALLEL = 8
/** Blobs that are copied at a time: each holds a connection on both sides, and little memory. */
const BLOBS = 8

/** Milliseconds between two looks at how far all is. */
const PACE = 100

/** One image to be copied. */
export interface Wanted {
  /** A tag or a digest. */
  readonly reference: string
  /** What it is called where it goes to; none: its digest alone. */
  readonly tags: readonly string[]
}

/** What goes from one place to another. */
export interface Move {
  readonly from: Origin
  readonly to: Destination
  readonly wanted: readonly Wanted[]
  readonly platforms?: readonly Platform[]
  readonly referrers: boolean
}

/** Moves images, and says what became of them. */
export interface Mover {
  readonly http: Http
  readonly patience: Patience
  /** @throws TransferError when something is missing or refused */
  move(move: Move): Promise<void>
  /** Says how much was moved in all. */
  summarize(): void
  /** Ends what is under way, and the progress. */
  close(): void
}

/** What is right where a registry lets nobody in. */
const advised = (error: unknown, host: string): unknown =>
  error instanceof RefusedError && error.status === 401
    ? new TransferError(`${error.message}: run docker login ${host}`, { cause: error })
    : error

/** Opens what moves images. @param json whether lines are objects of JSON */
export const openMover = (io: Io, json: boolean): Mover => {
  const http = createHttp(`slipway/${VERSION}`)
  const progress = io.progress()
  const started = io.now()
  const counts: Record<Way, number> = { there: 0, mounted: 0, parts: 0, whole: 0, chunks: 0 }
  let [bytes, images, shown] = [0, 0, 0]

  const say = (line: string): void => {
    progress.end()
    io.say(line)
  }
  const patience: Patience = {
    sleep: io.sleep,
    waiting(error, milliseconds) {
      const why = error instanceof Error ? error.message : String(error)
      say(`${why}: again in ${Math.ceil(milliseconds / 1000)} s`)
    },
  }
  const print = (object: object, line: string | undefined): void => {
    if (!json) progress.end()
    if (json) io.print(JSON.stringify(object))
    else if (line !== undefined) io.print(line)
  }

  const move: Mover['move'] = async ({ from, to, wanted, platforms = [], referrers }) => {
    const happened = ({ digest, tag, there }: CopiedManifest): void => {
      if (tag !== undefined) images += 1
      const is = there ? 'is there' : 'was copied'
      const line = tag === undefined ? undefined : `${to.called}:${tag} ${is}: ${digest}`
      print({ event: 'manifest', image: to.called, digest, tag: tag ?? null, there }, line)
    }
    const sender = createSender({
      deliver: patientDeliver(to.deliver, patience),
      parallel: BLOBS,
      happened(blob) {
        counts[blob.way] += 1
        if (!['there', 'mounted'].includes(blob.way)) bytes += blob.size
        if (json) print({ event: 'blob', ...blob }, undefined)
      },
      progress(extent) {
        // Lines for nobody would cost a tenth of the work on a blob.
        if (io.now() - shown < PACE) return
        shown = io.now()
        progress.show(...progressLines(extent, (shown - started) / 1000))
      },
    })
    const copier = createCopier({ from, to, sender, platforms, referrers, patience, happened })
    const copy = async ({ reference, tags }: Wanted): Promise<void> => {
      const digest = await copier.copy(reference, tags)
      if (tags.length > 0) return
      images += 1
      if (!json) {
        progress.end()
        io.print(`${to.called}@${digest} is there`)
      }
    }
    // What others are in the middle of may take long, and no longer matters.
    const failure: PromiseWithResolvers<never> = Promise.withResolvers()
    const all = inBatches(
      wanted,
      (each) =>
        copy(each).catch((error: unknown) => {
          failure.reject(error)
          throw error
        }),
      PARALLEL,
    )
    all.catch(() => {})
    try {
      await Promise.race([all, failure.promise])
    } catch (error) {
      throw advised(error, to.called.split('/')[0]!)
    }
  }

  return {
    http,
    patience,
    move,
    summarize() {
      progress.end()
      const seconds = Math.max(0.001, (io.now() - started) / 1000)
      const sent = counts.parts + counts.whole + counts.chunks
      const { there, mounted } = counts
      if (json) {
        print({ event: 'done', images, sent, mounted, there, bytes, seconds }, undefined)
        return
      }
      io.say(
        `${images} ${images === 1 ? 'image' : 'images'} in ${durationShown(seconds)}: ${sent} blobs were sent (${bytesShown(bytes)}, ${bytesShown(bytes / seconds)}/s), ${mounted} mounted, ${there} were there`,
      )
    },
    close() {
      progress.end()
      http.close()
    },
  }
}
