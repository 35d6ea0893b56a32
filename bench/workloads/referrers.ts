/**
 * What the first page of many referrers costs a process that remembers nothing, once such a page was read
 * by another.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type S3Server, startS3 } from '../../test/emulators/s3/server.ts'
import { freePort } from '../../test/support/live/process.ts'
import { createClient, expect } from '../client/wire.ts'
import { slipwayPeer } from '../peers/slipway.ts'
import { fill, NAME, SUBJECT } from './fill.ts'

/** Referrers of the subject: as many as a page holds. */
export const REFERRERS = 500

/** Waits until a server that has just started has tried out all that it tries. */
const untilQuiet = async ({ counter }: S3Server): Promise<void> => {
  for (let seen = -1; counter.total !== seen; ) {
    seen = counter.total
    await sleep(500)
  }
}

/** Counts the calls to S3 of the second process that is asked for the page. */
export const countReferrerCalls = async (
  directory: string,
): Promise<Readonly<Record<string, number>>> => {
  const s3 = await startS3()
  fill(s3.objects, 'referrers', REFERRERS)
  const read = async (): Promise<Readonly<Record<string, number>>> => {
    const address = `127.0.0.1:${await freePort()}`
    const store = { ...s3 }
    const daemon = await slipwayPeer(undefined).start({
      address,
      store,
      redirects: true,
      directory,
    })
    const client = createClient(`http://${address}`)
    try {
      await untilQuiet(s3)
      s3.counter.reset()
      const url = `/v2/${NAME}/referrers/${SUBJECT.digest}`
      await expect(client, [200], { method: 'GET', url })
      return s3.counter.counts
    } finally {
      client.close()
      // What it writes after its answer is there when it has ended.
      await daemon.stop()
    }
  }
  try {
    await read()
    return await read()
  } finally {
    await s3.close()
  }
}
