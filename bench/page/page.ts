/**
 * The page of a run: docs/benchmarks.md and its charts.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Results } from '../results.ts'
import { bounds } from './bounds.ts'
import { drawChart } from './chart.ts'
import { costPage } from './costs.ts'
import { countTable, growthTable, lambdaTable } from './counted.ts'
import { paragraphs, table } from './markdown.ts'
import {
  latencyTable,
  meanwhileTable,
  openTable,
  type Theme,
  themeChart,
  themeTable,
  usageTable,
} from './measured.ts'
import { PUSHED, WEB_SERVED } from './pushed.ts'
import { STALLED } from './stalled.ts'

/** A theme with its heading and the text below it. */
interface Part extends Theme {
  readonly says: string
}

const PARTS: readonly Part[] = [
  {
    id: 'pushes',
    title: 'Pushes on S3',
    metric: 'seconds',
    unit: 'seconds',
    prefixes: ['s3/push'],
    says: 'Whole images, five blobs at a time. docker-style is POST, one PATCH in chunks, then PUT; containerd-style is POST, then one PUT. distribution 2.8 is left out for large layers: on this S3 server each part takes it a second, apparently because it waits for a response to Expect: 100-continue.',
  },
  {
    id: 'pulls',
    title: 'Pulls from S3, redirected',
    metric: 'seconds',
    unit: 'seconds',
    prefixes: ['s3/pull'],
    says: 'Three blobs at a time; their bytes come straight from the S3 server.',
  },
  {
    id: 'direct',
    title: 'S3 without redirects',
    metric: 'seconds',
    unit: 'seconds',
    prefixes: ['direct/'],
    says: 'Pulls in which all bytes pass through the registry.',
  },
  {
    id: 'requests',
    title: 'Requests on S3',
    metric: 'requestsPerSecond',
    unit: 'requests a second',
    prefixes: ['s3/manifest', 's3/blob', 's3/tags', 's3/catalog'],
    says: 'Sixteen connections repeat one request. The registries differ in what they answer from memory. Slipway keeps links for five seconds and manifests indefinitely; it never keeps tags or lists, but simultaneous requests for the same one share a read. distribution keeps everything it has found since it started, except tags. zot asks S3 every time.',
  },
  {
    id: 'latency',
    title: 'S3 with 20 ms for each call',
    metric: 'seconds',
    unit: 'seconds',
    prefixes: ['latency/'],
    says: 'A proxy delays every call to S3 by 20 ms, including the calls that clients make after a redirect. Calls within an AWS region take about that long.',
  },
  {
    id: 'files',
    title: 'On files',
    metric: 'seconds',
    unit: 'seconds',
    prefixes: ['files/push', 'files/pull'],
    says: 'The store is a directory, as with `npm start`.',
  },
  {
    id: 'files-requests',
    title: 'Requests on files',
    metric: 'requestsPerSecond',
    unit: 'requests a second',
    prefixes: ['files/manifest', 'files/blob'],
    says: '',
  },
  {
    id: 'crowd',
    title: 'A hundred clients pull one layer',
    metric: 'seconds',
    unit: 'seconds',
    prefixes: ['many/crowd'],
    says: 'All of them at once, until the last one has it; the bytes pass through the registry.',
  },
  {
    id: 'idle',
    title: 'Idle connections',
    metric: 'requestsPerSecond',
    unit: 'requests a second',
    prefixes: ['many/idle'],
    says: 'Connections on which one request was made stay open, and others repeat a request. Memory at the end is with all of them open.',
  },
  {
    id: 'mixed',
    title: 'Requests among pushes and pulls',
    metric: 'p99',
    unit: 'p99 in milliseconds',
    prefixes: ['many/mixed'],
    says: 'Sixteen connections GET a manifest, each 20 ms after the answer before, while four clients push images of 2 MB and four pull one of 5 MB, as fast as they can, through the registry. Who moves less of these leaves more for the requests.',
  },
  {
    id: 'memory',
    title: 'Eight clients push a large layer each',
    metric: 'seconds',
    unit: 'seconds',
    prefixes: ['memory/'],
    says: 'One run each, to measure memory; only two registries are compared.',
  },
]

const intro = (results: Results): string => {
  const { machine, participants, command, date } = results
  const facts = { date: date.slice(0, 10), ...machine, command: `\`${command}\`` }
  return paragraphs(
    '# Benchmarks',
    'Slipway compared with other registries on the same machine, with the same S3 server and the same client. The registries take turns in each round. Figures are medians, with the 10th and 90th percentiles in parentheses. `×` is how many times as fast as that registry Slipway was (the median over the rounds). The raw figures are in `bench/results/`. All figures are of the versions below; what requests cost now is in [architecture.md](architecture.md#operations-per-request).',
    table(
      ['', ''],
      Object.entries(facts).map(([name, value]) => [name, value]),
    ).replaceAll('---:', '---'),
    table(
      ['Registry', 'version', 'settings'],
      participants.map(({ title, version, settings }) => [title, version, settings]),
    ).replaceAll('---:', '---'),
    'The client, the S3 server and the registry share the machine, so a registry that needs less CPU leaves more for the other two. The client computes no digests. Absolute figures vary from run to run with whatever else the machine is doing; ratios vary less.',
  )
}

const failed = ({ failures, participants }: Results): string =>
  failures
    .map(({ id, peer, why }) => {
      const title = participants.find((each) => each.peer === peer)?.title ?? peer
      return `- ${title} failed at \`${id}\`: ${why}`
    })
    .join('\n')

const RUN = `## Run it

On Debian 12 with Go and Node 24, as root; all of it takes about an hour, the second command about three minutes:

\`\`\`console
npm ci && .ci/install
npm run bench -- --quick --zot ./zot-linux-amd64
npm run bench -- --zot ./zot-linux-amd64 --page docs
\`\`\`

\`.ci/install\` installs versitygw, both versions of distribution, and strace, without which flushes are not counted. zot takes part only if \`--zot\` names a binary: of one of its releases, or built from its repository. Its store has \`commit: true\`, so that it flushes what was pushed before it answers, as the others do.

\`--quick\` measures what there are goals for, with smaller images, and ends with a table: each row with its ratio to the faster one of distribution 3 and zot, the flushes of both, the goal and whether it is met. No row is met by flushing less.

A bar, or a percentage where the output is no terminal, says how far a run is and how long it will take. Results are written after each workload; \`--resume\` goes on from them after an interruption, if commit, machine, registries and options are the same. The part \`many\` opens 10,000 connections: where the limit of open files does not allow that, it says so and opens fewer. \`npm run bench -- --help\` lists the other options.`

const partOf = (results: Results, part: Part): string => {
  const rows = results.measured.filter(({ id }) => part.prefixes.some((it) => id.startsWith(it)))
  if (rows.length === 0) return ''
  return paragraphs(
    `## ${part.title}`,
    part.says,
    `![${part.title}](benchmarks/${part.id}.svg)`,
    themeTable(results, part),
    part.metric === 'seconds' ? '' : latencyTable(results, part),
    part.id === 'idle' ? openTable(results, part) : '',
    part.id === 'mixed' ? meanwhileTable(results, part) : '',
    flushText(results, part, rows),
    usageTable(results, part),
  )
}

const FLUSHES =
  'Flushes are the calls of one push that wait for the disk (`fsync` and its kind). strace counted them in the same run, in a round of their own that is not timed.'

/** What is said of flushes, where the table has them or should have. */
const flushText = ({ flushed }: Results, { id }: Part, rows: Results['measured']): string => {
  if (rows.some((row) => flushed?.some((each) => each.id === row.id))) return FLUSHES
  const tried = id === 'files' && flushed !== undefined
  return tried
    ? 'Flushes to the disk were not counted: strace is not installed, or was not allowed to.'
    : ''
}

const COUNTS =
  'One request at a time: first to a process that has just started and remembers nothing, then once more. Pushes are of content that no registry has yet. The number after `in` is how many of the calls had to be made one after another.'

const counts = (results: Results): string =>
  results.counted.length === 0 ? '' : paragraphs('## Calls to S3', COUNTS, countTable(results))

const growth = ({ grown }: Results): string =>
  grown.length === 0
    ? ''
    : paragraphs(
        '## Growth',
        'A server on an in-memory S3 whose listings take equally long for many keys and for few. Pages hold 50 tags or repositories, or up to 500 referrers.',
        ...(['tags', 'repositories', 'referrers'] as const).map((of) => growthTable(grown, of)),
        'One request grows with the repository: deleting a manifest by digest, because any tag may point to it. The versions in the listing tell what tags point to: with 10,000 tags of 10,000 manifests it is 26 calls and one for each tag that goes (`test/budgets`), except with a KMS key and on files, where it still reads every tag. The first page of referrers that nobody has read before costs one read for each. Whoever reads more than a few writes them as one object; with that, a page of 500 is two calls for a process that remembers nothing (`test/budgets`).',
      )

const lambda = (results: Results): string =>
  results.invoked.length === 0
    ? ''
    : paragraphs(
        '## The Lambda function',
        'The handler as bundled for Lambda, run in processes on this machine against an in-memory S3. Times are its own, without those of S3. Cold is the first event of a process and includes loading the handler.',
        lambdaTable(results),
        '### What it costs',
        costPage(results.invoked),
      )

/** Writes `benchmarks.md` and the charts in `benchmarks/` into a directory. */
export const writePage = (directory: string, results: Results): void => {
  mkdirSync(join(directory, 'benchmarks'), { recursive: true })
  for (const part of PARTS) {
    const chart = themeChart(results, part)
    if (chart.groups.length === 0) continue
    writeFileSync(join(directory, 'benchmarks', `${part.id}.svg`), drawChart(chart))
  }
  const parts = PARTS.map((part) => partOf(results, part))
  const page = paragraphs(
    intro(results),
    counts(results),
    ...parts,
    STALLED,
    PUSHED,
    WEB_SERVED,
    failed(results),
    growth(results),
    lambda(results),
    bounds(results),
    RUN,
  )
  writeFileSync(join(directory, 'benchmarks.md'), `${page}\n`)
}
