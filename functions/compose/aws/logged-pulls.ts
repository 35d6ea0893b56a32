/**
 * Pulls in the logs of the registry's functions, as CloudWatch Logs hands them to a subscription.
 *
 * @module
 */

import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { RequestLogger } from '../../api/env.ts'
import { type Pull, recordPulls, sayRecorded } from '../../registry/pulls/record.ts'
import { createSeenPulls } from '../../registry/pulls/seen.ts'
import { isDigest, isName } from '../../registry/reference.ts'
import * as z from '../../shared/schema.ts'
import type { ObjectStore } from '../../storage/store.ts'

/** Most bytes of a batch once it is unpacked; Lambda takes events of 1 MB, which are base64 of gzip. */
const MAX_BYTES = 32 * 1024 * 1024

/** Most characters of a line with a pull: a name has at most 255, a digest 135. */
const MAX_LINE = 2000

/** Most manifests of a batch. Those beyond are recorded when they are pulled again. */
const MAX_PULLS = 10_000

const batchSchema = z.object({ logEvents: z.array(z.unknown()) })

const eventSchema = z.object({ message: z.string().check(z.maxLength(MAX_LINE)) })

const lineSchema = z.object({
  pulled: z.object({
    repository: z.string().check(z.refine(isName)),
    digest: z.string().check(z.refine(isDigest)),
  }),
})

/** The pull of a line; undefined for any other line. */
const pullOf = (event: unknown): Pull | undefined => {
  const { data } = eventSchema.safeParse(event)
  if (!data?.message.includes('"pulled"')) return undefined
  try {
    return lineSchema.safeParse(JSON.parse(data.message)).data?.pulled
  } catch {
    return undefined
  }
}

/** What is in a batch. */
export interface PullBatch {
  /** Each manifest once. */
  readonly pulls: readonly Pull[]
  /** Lines of pulls that were beyond the bound. */
  readonly beyond: number
}

/**
 * The pulls in a batch of lines; other lines are passed over.
 *
 * @param data as CloudWatch Logs packs it: gzip, base64
 * @param most manifests
 * @throws Error for what is no batch, and for one that is larger than any is
 */
export const pullsIn = async (data: string, most: number = MAX_PULLS): Promise<PullBatch> => {
  const options = { maxOutputLength: MAX_BYTES }
  const text = await promisify(gunzip)(Buffer.from(data, 'base64'), options)
  const { logEvents } = batchSchema.parse(JSON.parse(text.toString()))
  const found = new Map<string, Pull>()
  let beyond = 0
  for (const event of logEvents) {
    const pull = pullOf(event)
    if (pull === undefined) continue
    const key = `${pull.repository}@${pull.digest}`
    if (found.has(key)) continue
    if (found.size < most) found.set(key, pull)
    else beyond += 1
  }
  return { pulls: [...found.values()], beyond }
}

/** Records what logs tell of, for as long as the process lives. */
export interface LoggedPulls {
  /**
   * Records the pulls of a batch. What is no batch is logged, and dropped: it would be none the next time, either.
   *
   * @throws StoreError when the store fails; the batch is then to be sent again
   */
  record(store: ObjectStore, data: unknown): Promise<void>
  /**
   * Says that all pulls until now are recorded, also where there were none.
   *
   * @throws StoreError
   */
  sayRecorded(store: ObjectStore): Promise<void>
}

/** @param now clock in milliseconds */
export const createLoggedPulls = (
  logger: RequestLogger,
  now: () => number = Date.now,
  most: number = MAX_PULLS,
): LoggedPulls => {
  const seen = createSeenPulls(now)
  const read = async (data: unknown): Promise<PullBatch> => {
    try {
      return await pullsIn(z.string().parse(data), most)
    } catch (error) {
      logger.error({ err: error }, 'this is no batch of log lines; its pulls are not recorded')
      return { pulls: [], beyond: 0 }
    }
  }
  return {
    async record(store, data) {
      const { pulls, beyond } = await read(data)
      if (beyond > 0) logger.warn({ beyond }, 'a batch has too many pulls; some are not recorded')
      const unseen = pulls.filter(({ repository, digest }) => !seen.has(repository, digest))
      await recordPulls(store, unseen, now(), ({ repository, digest }, until) =>
        seen.add(repository, digest, until),
      )
    },
    sayRecorded: (store) => sayRecorded(store, now()),
  }
}
