/**
 * Memory of a server while hundreds of uploads stand still: bounded, and honest pushes end meanwhile.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { startS3 } from '../emulators/s3/server.ts'
import { scratch } from '../support/live/process.ts'
import { crowd } from '../support/live/stalled.ts'

/** Most resident memory of the server, in bytes. */
const BUDGET = 400e6

const onFiles = async () => {
  const directory = scratch('stalled')
  return {
    store: ['--store', `file:${directory.path}`],
    env: {},
    end: async () => directory.remove(),
  }
}

const onS3 = async () => {
  const s3 = await startS3()
  return {
    store: ['--store', `s3://${s3.bucket}`, '--s3-endpoint', s3.endpoint],
    env: { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey },
    end: s3.close,
  }
}

for (const [name, open] of [
  ['file store', onFiles],
  ['S3', onS3],
] as const) {
  test(`${name}: 500 uploads stand still, 8 of 64 MiB end`, async ({
    annotate,
    onTestFinished,
  }) => {
    const { end, ...store } = await open()
    onTestFinished(end)
    const sizes = { stalled: 500, honest: 8, bytes: 64 * 1024 * 1024 }
    const { peak, peakAtEnd, seconds, statuses } = await crowd({ ...store, ...sizes })
    const megabytes = [peak, peakAtEnd].map((bytes) => Math.round(bytes / 1e6))
    await annotate(`peak ${megabytes.join(', then ')} MB; ${Math.round(seconds)} s`)
    expect(peak).toBeLessThan(BUDGET)
    // What was given up was not lost: all of them can end.
    expect(statuses.filter((status) => status !== 201 && status !== 202)).toEqual([])
    expect(peakAtEnd).toBeLessThan(BUDGET)
  })
}
