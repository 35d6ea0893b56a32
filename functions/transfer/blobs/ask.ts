/**
 * Asks a registry for the URLs of parts: docs/push.md, 2.
 *
 * @module
 */

import { refused } from '../registry/failure.ts'
import { NO_REPLY } from '../registry/http.ts'
import type { Blob } from './blob.ts'
import { Refusal, trying } from './trying.ts'
import { locationOf, type Sending } from './upload.ts'

/** A part that may be sent, as the registry says how. */
export interface Sendable {
  readonly number: number
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** The registry takes no several parts, and none was sent. */
export const TOO_LARGE = Symbol('too large')

/** Most parts of one request. */
const MOST = 100
/** Requests at a time: those that come meanwhile go together. */
const PARALLEL = 2

interface Wanted {
  readonly number: number
  readonly sha256: string
  readonly answered: PromiseWithResolvers<Sendable | typeof TOO_LARGE>
}

/** Who asks for the parts of one upload. */
export interface Asker {
  /** Where the upload goes on. */
  readonly location: string
  ask(number: number, sha256: string): Promise<Sendable | typeof TOO_LARGE>
}

/** Begins to ask. @param begun the Location of the upload */
export const createAsker = (
  { target }: Sending,
  { digest, size }: Blob,
  partSize: number,
  begun: string,
): Asker => {
  let location = begun
  const waiting: Wanted[] = []
  let asking = 0

  const request = (wanted: readonly Wanted[]) =>
    trying(
      async () => {
        const parts = wanted.map(({ number, sha256 }) => ({ number, sha256 }))
        const url = location
        const reply = await target.send({
          method: 'POST',
          url,
          headers: { 'Content-Type': 'application/json' },
          body: Buffer.from(JSON.stringify({ digest, size, partSize, parts })),
        })
        if (reply.status >= 500 || reply.status === 429) return undefined
        if (reply.status === 413) return TOO_LARGE
        if (reply.status !== 200) {
          throw new Refusal(refused(`parts of ${digest} were refused`, reply))
        }
        if (url === begun) location = locationOf(target, reply, url)
        const sendable: readonly Sendable[] = JSON.parse(reply.body.toString()).parts
        return new Map(sendable.map((part) => [part.number, part]))
      },
      () => refused(`no part of ${digest} could be asked for`, NO_REPLY),
    )

  const run = async (): Promise<void> => {
    asking += 1
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MOST)
      try {
        const found = await request(batch)
        for (const { number, answered } of batch) {
          const part = found === TOO_LARGE ? found : found.get(number)
          if (part !== undefined) answered.resolve(part)
          else answered.reject(refused(`no URL for part ${number} of ${digest}`, NO_REPLY))
        }
      } catch (error) {
        for (const { answered } of batch) answered.reject(error)
      }
    }
    asking -= 1
  }

  return {
    get location() {
      return location
    },
    ask(number, sha256) {
      const answered: Wanted['answered'] = Promise.withResolvers()
      waiting.push({ number, sha256, answered })
      // The first request begins the upload; the others go on from there.
      if (asking < (location === begun ? 1 : PARALLEL)) void run()
      return answered.promise
    },
  }
}
