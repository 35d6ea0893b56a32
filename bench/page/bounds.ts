/**
 * What bounds the rows of `--quick` that stay behind their goals. The figures are of two quick runs, of `bench/bound.ts`
 * and of CPU profiles on one quiet machine of two cores.
 *
 * @module
 */

import { paragraphs, table } from './markdown.ts'

/** The section. */
export const BOUNDS = paragraphs(
  '## What bounds the rows that stay behind',
  'The rows of `--quick` that have a goal, on 28 November 2026 with two cores, which the load generator shares: as a ratio to the faster one of distribution 3.1 and zot. Before and after are two states of the same day; two runs of one state differ by up to a tenth, those of a few milliseconds by more.',
  table(
    ['row', 'before', 'after', 'goal'],
    [
      ['files: push, docker-style, 1 × 200 MB', '0.78 to 0.83', '0.79', '1.0'],
      ['files: push, docker-style, 20 × 10 MB', '0.50 to 0.54', '0.59', '1.0'],
      ['files: push, docker-style, 200 × 10 kB', '0.42 to 0.45', '0.50', '1.0'],
      ['files: GET manifest by tag, always the same', '1.03 to 1.12', '1.40', '1.2'],
      ['files: GET manifest by tag, 100 in turn', '0.86 to 0.95', '1.64', '1.2'],
      ['files: GET manifest by digest', '1.17 to 1.26', '1.77', '1.2'],
      ['files: HEAD blob', '0.77 to 0.97', '1.14', '1.2'],
      ['S3: pull, 200 × 10 kB', '0.86 to 0.97', '0.75', '1.0'],
      ['S3: push again, unchanged, 20 × 10 MB', '1.03 to 1.11', '0.85', '1.0'],
      ['S3: push again, unchanged, 20 × 10 kB', '0.85 to 1.22', '1.02', '1.0'],
      ['S3: push again, unchanged, 1 × 200 MB', '0.62 to 0.79', '0.77', '1.0'],
      ['S3: HEAD blob', '0.74 to 0.96', '1.23', '1.5'],
      ['S3: push, docker-style, 1 × 200 MB', '0.61 to 1.72', '1.72', '2.0'],
      [
        'Lambda: cold start to the answer of GET manifest, own time',
        '115 to 120 ms',
        '87 ms',
        '100 ms',
      ],
      ['Lambda: code that a cold start reads', '468 kB', '463 kB', '700 kB'],
      ['memory at rest, on S3', '94 MB', '97 MB', '70 MB'],
    ],
  ),
  'What this machine can do, by `node bench/bound.ts`: SHA-256 1.2 GB/s on one core; a file written and flushed, 0.9 to 1.0 GB/s; loopback, both ends in one process, 1.2 to 1.4 GB/s. A server of Node alone answers 50,000 to 80,000 HEADs a second, at 0.012 ms of CPU each.',
  '**Requests.** A HEAD of a blob cost Slipway 0.10 ms of CPU, and costs 0.06; distribution 0.11 ms, zot 0.4 ms, log lines included. The others spread that over both cores; a process of Slipway has one thread for it. Most of the gain is that the responses of one turn of the event loop are written one after the other: a write takes 25 to 37 µs where the client sleeps, and 4 to 6 µs where it is awake. For a manifest by tag, the rest is that a link which was read before is looked at without a turn of a thread, 25 µs. What is left of a HEAD, in a CPU profile: a fifth each for collecting garbage and for writing the response, 8 % for the line of the log, 4 % to find the route. Tried without gain: log lines written once a turn. Young generations of 8 MB instead of 2 would save 6 % for HEAD and 18 % by tag, for 18 MB of memory.',
  '**Pushes on files.** Of 20 × 10 MB, a quarter of the time of the serving thread was the file store hashing once more what had been hashed as it came; that is gone. What is left of it is receiving (a tenth is copying into buffers), hashing while it comes, and garbage. For 200 × 10 kB it was the number of system calls for each of the two files of a blob, some forty, each through a thread of its own and back. A thread of ours now does them, but for the flushes: the serving thread has a fifth less to do. What is left is 3 requests a blob, of which each opens and seals the state of the upload, looks at links, and writes a line of the log; and two files a blob, flushed one after the other with their directories, as both others do.',
  '**S3.** HEADs, writes and deletes go without the AWS SDK, as reads did before, at less than half of its CPU a call; a signature takes 13 µs instead of 40, since Node is given keys as it takes them fastest. Rows of a few milliseconds, such as 1 × 200 MB pushed again, are three requests each and vary most.',
  '**Cold start.** The SDK is loaded for what the small client leaves to it, not at the start: 468 kB of code instead of 694, and 115 ms instead of 172 on the same machine. What a start reads is one file instead of the 85 that the bundler makes of it: 87 ms. Of these, Node itself takes 40, and its classes of fetch, which the handler needs, 8. A compile cache would save 20 more, but is only good for the very Node and processor that made it.',
  '**Memory.** Node itself takes 43 MB before it runs a line of ours, 35 of them mapped from its own file. Code takes 7 MB, the heap 20 to 25 MB. Options of V8 (`--lite-mode`, `--optimize-for-size`, one thread) save 1 to 6 MB and cost speed.',
)
