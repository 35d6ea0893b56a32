/**
 * The rows that there are goals for, and what bounds those that stay behind. What is said of CPU is of `bench/bound.ts`
 * and of profiles on one quiet machine of two cores.
 *
 * @module
 */

import { goalRows } from '../goals.ts'
import type { Results } from '../results.ts'
import { paragraphs, table } from './markdown.ts'

const goals = (results: Results): string => {
  const rows = goalRows(results)
  if (rows.length === 0) return ''
  return paragraphs(
    'As a ratio to the faster one of distribution 3 and zot, with the flushes of a push beside it:',
    table(
      ['row', 'reached', 'flushes', 'goal'],
      rows.map(({ row, reached, flushes, goal }) => [row, reached, flushes, goal]),
    ),
  )
}

/** The section. */
export const bounds = (results: Results): string =>
  paragraphs(
    '## What bounds the rows that stay behind',
    goals(results),
    'Ratios depend on the machine, too: on a slower and busier one, the same requests on files reached 1.1 to 1.8. The more of the second core is free, the more it helps those that use it. What this machine can do, by `node bench/bound.ts`: SHA-256 1.2 to 1.9 GB/s on one core; a file written and flushed, 0.9 to 1.0 GB/s; loopback, both ends in one process, 1.2 to 1.4 GB/s. A server of Node alone answers 50,000 to 80,000 HEADs a second, at 0.012 ms of CPU each.',
    '**Requests.** One process of Slipway has one thread for requests; the others spread them over both cores, and take 1.5 times the CPU for it. With `--workers 2` the rows on files are 0.99 (by tag), 0.99 (100 tags), 1.81 (by digest) and 1.09 (HEAD) instead of 0.76, 0.78, 0.89 and 0.67 of the same hour. Responses of one turn of the event loop are written one after the other: a write takes 25 to 37 µs where the client sleeps, and 4 to 6 µs where it is awake. A link that was read before is looked at without a turn of a thread, 25 µs. What is left of a HEAD, in a CPU profile: a fifth each for collecting garbage and for writing the response, 8 % for the line of the log, 4 % to find the route. Tried without enough gain: log lines written once a turn; young generations of 8 or 16 MB instead of 2 (3 to 18 %, for as much memory as they are larger).',
    '**Pushes on files.** Of 20 × 10 MB, a quarter of the time of the serving thread was the file store hashing once more what had been hashed as it came; that is gone. What is left of it is receiving (a tenth is copying into buffers), hashing while it comes, and garbage. For 200 × 10 kB it was the number of system calls for each of the two files of a blob, some forty, each through a thread of its own and back. A thread of ours now does them, but for the flushes: the serving thread has a fifth less to do. What is left is 3 requests a blob, of which each opens and seals the state of the upload, looks at links, and writes a line of the log; and two files a blob, flushed one after the other with their directories, as both others do. Tried without gain: one flush of a large blob instead of one for each of its parts (23 instead of 40 for 200 MB), since they overlap with what comes.',
    '**S3.** HEADs, writes and deletes go without the AWS SDK, as reads did before, at less than half of its CPU a call; a signature takes 13 µs instead of 40, since Node is given keys as it takes them fastest. Pulls and repeated pushes of small blobs are behind distribution because it remembers for as long as it runs that a blob is there, and so answers for one that another server has deleted. Slipway believes a link for five seconds; the registries take turns, so that it has to ask again. Rows of a few milliseconds, such as 1 × 1 GB pushed again, are three requests each and vary most.',
    '**Cold start.** The SDK is loaded for what the small client leaves to it, not at the start: 468 kB of code instead of 694, and 115 ms instead of 172 on the same machine. What a start reads is one file instead of the 85 that the bundler makes of it: 87 ms in the short run. The table of the function above is slower by what the machine was busier. Of these, Node itself takes 40, and its classes of fetch, which the handler needs, 8. A compile cache would save 20 more, but is only good for the very Node and processor that made it.',
    '**Memory.** Node itself takes 43 MB before it runs a line of ours, 35 of them mapped from its own file. Code takes 7 MB, the heap 20 to 25 MB. Options of V8 (`--lite-mode`, `--optimize-for-size`, one thread) save 1 to 6 MB and cost speed.',
  )
