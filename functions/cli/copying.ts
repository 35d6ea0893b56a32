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
import { RefusedError } from '../transfer/errors.ts'
import { createHttp, type Http } from '../transfer/registry/http.ts'
import { createSender } from '../transfer/sender.ts'
import type { Io } from './io.ts'
import { bytesShown, durationShown, progressLines } from './push-lines.ts'
import { VERSION } from './version.ts'

/** Images, and blobs, that are copied at a time: each blob holds a connection on both sides, and little memory. */
const PARALLEL = 8

/** Milliseconds between two looks at how far all is. */
const PACE = 100

/** One image to be copied. */
export interface Wanted {
  /** A tag or a digest. */
  readonly reference: string
  /** What it is called where it goes to; none: its digest alone. */
  readonly tags: readonly string[]
}

/** What goes on where an image fails. */
export interface GoingOn {
  copied(wanted: Wanted): void
  failed(wanted: Wanted, error: unknown): void
  /** Whether no other image is to be begun. */
  isOver(): boolean
}

/** What goes from one place to another. */
export interface Move {
  readonly from: Origin
  readonly to: Destination
  readonly wanted: readonly Wanted[]
  readonly platforms?: readonly Platform[]
  readonly referrers: boolean
  /** Default: the first failure ends all. */
  readonly goingOn?: GoingOn
  /** Is told of each manifest; lines of what is there already are then left out. */
  readonly happened?: (manifest: CopiedManifest) => void
  /** Images, and blobs, that are copied at a time. Default: 8. */
  readonly parallel?: number
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
    ? new RefusedError(`${error.message}: run docker login ${host}`, 401, undefined)
    : error

/**
 * Opens what moves images.
 *
 * @param json whether lines are objects of JSON
 * @param pace makes requests wait. Default: none does
 */
export const openMover = (io: Io, json: boolean, pace = (http: Http): Http => http): Mover => {
  const http = pace(createHttp(`slipway/${VERSION}`))
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

  const move: Mover['move'] = async ({
    from,
    to,
    wanted,
    platforms = [],
    referrers,
    goingOn,
    happened: told,
    parallel = PARALLEL,
  }) => {
    const happened = (manifest: CopiedManifest): void => {
      const { digest, tag, there } = manifest
      told?.(manifest)
      if (tag !== undefined) images += 1
      if (there && told !== undefined) return
      const is = there ? 'is there' : 'was copied'
      const line = tag === undefined ? undefined : `${to.called}:${tag} ${is}: ${digest}`
      print({ event: 'manifest', image: to.called, digest, tag: tag ?? null, there }, line)
    }
    const sender = createSender({
      deliver: patientDeliver(to.deliver, patience),
      parallel,
      goesOn: goingOn !== undefined,
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
    const host = to.called.split('/')[0]!
    const attempt = async (each: Wanted): Promise<void> => {
      if (goingOn?.isOver()) return
      try {
        await copy(each)
        goingOn?.copied(each)
      } catch (error) {
        if (goingOn !== undefined) return goingOn.failed(each, advised(error, host))
        failure.reject(error)
        throw error
      }
    }
    const all = inBatches(wanted, attempt, parallel)
    all.catch(() => {})
    try {
      await Promise.race([all, failure.promise])
    } catch (error) {
      throw advised(error, host)
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
