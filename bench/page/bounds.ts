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
  'The rows of `--quick` that have a goal, on 28 November 2026 with two cores, which the load generator shares: as a ratio to the faster one of distribution 3.1 and zot. Two runs one after the other; they differ by as much as the pairs say.',
  table(
    ['row', 'reached', 'goal'],
    [
      ['files: push, docker-style, 1 × 200 MB', '0.78 to 0.83', '1.0'],
      ['files: push, docker-style, 20 × 10 MB', '0.50 to 0.54', '1.0'],
      ['files: push, docker-style, 200 × 10 kB', '0.42 to 0.45', '1.0'],
      ['files: GET manifest by tag, always the same', '1.03 to 1.12', '1.2'],
      ['files: GET manifest by tag, 100 in turn', '0.86 to 0.95', '1.2'],
      ['files: GET manifest by digest', '1.17 to 1.26', '1.2'],
      ['files: HEAD blob', '0.77 to 0.97', '1.2'],
      ['S3: pull, 200 × 10 kB', '0.86 to 0.97', '1.0'],
      ['S3: push again, unchanged, 20 × 10 MB', '1.03 to 1.11', '1.0'],
      ['S3: push again, unchanged, 20 × 10 kB', '0.85 to 1.22', '1.0'],
      ['S3: push again, unchanged, 1 × 200 MB', '0.62 to 0.79', '1.0'],
      ['S3: HEAD blob', '0.74 to 0.96', '1.5'],
      ['S3: push, docker-style, 1 × 200 MB', '0.61 to 1.72', '2.0'],
      ['Lambda: cold start to the answer of GET manifest, own time', '115 to 120 ms', '100 ms'],
      ['Lambda: code that a cold start reads', '468 kB', '700 kB'],
      ['memory at rest, on S3', '94 MB', '70 MB'],
    ],
  ),
  'What this machine can do, by `node bench/bound.ts`: SHA-256 1.2 GB/s on one core; a file written and flushed, 0.9 to 1.0 GB/s; loopback, both ends in one process, 1.2 to 1.4 GB/s. A server of Node alone answers 50,000 to 80,000 HEADs a second, at 0.012 ms of CPU each.',
  '**Requests.** A HEAD of a blob costs Slipway 0.10 ms of CPU, distribution 0.11 ms, zot 0.4 ms, log lines included. The others spread that over both cores; a process of Slipway has one thread for it, so 9,100 a second are its limit here. In a CPU profile, 31 % is writing the response, 10 % collecting garbage, 13 % the handlers and their middleware, 8 % finding the route, 5 % the line of the log, 4 % looking at the file. The write is as dear because the client sleeps: it takes 25 to 37 µs, and 19 µs for a server of Node that does nothing but be busy for 80 µs, yet 4 to 6 µs where the client never sleeps. Tried without gain: log lines written once a turn. `--workers 2` gives 1.05 for HEAD, 1.69 by digest and 0.88 by tag, since the generator wants a core of its own.',
  '**Pushes on files.** Of 20 × 10 MB, a quarter of the time of the serving thread was the file store hashing once more what had been hashed as it came; that is gone, and the row went from 0.37 to 0.5. What is left of it is receiving (a tenth is copying into buffers), hashing while it comes, and garbage. For 200 × 10 kB it is the number of system calls for each of the two flushes of a blob, each through a thread of its own and back, where Go calls the system directly.',
  '**S3.** HEADs, writes and deletes go without the AWS SDK, as reads did before, at less than half of its CPU a call. Rows of a few milliseconds, such as 1 × 200 MB pushed again, are three requests each and vary most.',
  '**Cold start.** The SDK is loaded for what the small client leaves to it, not at the start: 468 kB of code instead of 694, and 115 ms instead of 172 on the same machine.',
  '**Memory.** Node itself takes 43 MB before it runs a line of ours, 35 of them mapped from its own file. Code takes 7 MB, the heap 20 to 25 MB. Options of V8 (`--lite-mode`, `--optimize-for-size`, one thread) save 1 to 6 MB and cost speed.',
)
