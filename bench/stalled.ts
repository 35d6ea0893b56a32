/**
 * How much memory a server takes while 500 uploads stand still and eight of 1 GB are pushed, on files in a
 * temporary directory: `node bench/stalled.ts [BYTES]`. It needs twice as much room on disk as is pushed.
 *
 * @module
 */

import { scratch } from '../test/support/live/process.ts'
import { crowd } from '../test/support/live/stalled.ts'

const bytes = Number(process.argv[2] ?? 1e9)
const directory = scratch('stalled')
try {
  const { peak, peakAtEnd, seconds, statuses } = await crowd({
    store: ['--store', `file:${directory.path}`],
    env: {},
    stalled: 500,
    honest: 8,
    bytes,
  })
  const ended = statuses.filter((status) => status === 201 || status === 202).length
  process.stdout.write(
    `8 pushes of ${bytes / 1e6} MB ended in ${Math.round(seconds)} s beside 500 uploads that stood still, ` +
      `of which ${ended} ended afterwards.\n` +
      `Peak of resident memory: ${Math.round(peak / 1e6)} MB, then ${Math.round(peakAtEnd / 1e6)} MB.\n`,
  )
} finally {
  directory.remove()
}
