/**
 * How much memory a server takes while 500 uploads stand still and eight of 1 GB are pushed, on files in a
 * temporary directory or on versitygw: `node bench/stalled.ts [files|versitygw] [BYTES]`. It needs twice as
 * much room on disk as is pushed.
 *
 * @module
 */

import { scratch } from '../test/support/live/process.ts'
import { startLiveS3 } from '../test/support/live/s3.ts'
import { crowd } from '../test/support/live/stalled.ts'

const onFiles = async () => {
  const directory = scratch('stalled')
  return {
    store: ['--store', `file:${directory.path}`],
    env: {},
    end: async () => directory.remove(),
  }
}

const onS3 = async () => {
  const s3 = await startLiveS3('versitygw')
  return {
    store: ['--store', `s3://${s3.bucket}`, '--s3-endpoint', s3.endpoint],
    env: { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey },
    end: s3.close,
  }
}

const [kind = 'files', size = '1e9'] = process.argv.slice(2)
const bytes = Number(size)
const { end, ...store } = await (kind === 'versitygw' ? onS3 : onFiles)()
try {
  const { peak, peakAtEnd, seconds, statuses } = await crowd({
    ...store,
    stalled: 500,
    honest: 8,
    bytes,
  })
  const ended = statuses.filter((status) => status === 201 || status === 202).length
  process.stdout.write(
    `${kind}: 8 pushes of ${bytes / 1e6} MB ended in ${Math.round(seconds)} s beside 500 uploads that stood still, ` +
      `of which ${ended} ended afterwards.\n` +
      `Peak of resident memory: ${Math.round(peak / 1e6)} MB, then ${Math.round(peakAtEnd / 1e6)} MB.\n`,
  )
} finally {
  await end()
}
