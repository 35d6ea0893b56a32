/**
 * The page of a run: docs/benchmarks.md and its charts.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Results } from '../results.ts'
import { drawChart } from './chart.ts'
import { costPage } from './costs.ts'
import { countTable, growthTable, lambdaTable } from './counted.ts'
import { paragraphs, table } from './markdown.ts'
import { latencyTable, type Theme, themeChart, themeTable, usageTable } from './measured.ts'

/** A theme with its heading and what has to be said of it. */
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
    says: 'Whole images, five blobs at once. docker-style is POST, one PATCH in chunks, PUT; containerd-style is POST, one PUT. distribution 2.8 takes no part with large layers: on this S3 server it takes a second for each part, it seems for want of an answer to Expect: 100-continue.',
  },
  {
    id: 'pulls',
    title: 'Pulls from S3, redirected',
    metric: 'seconds',
    unit: 'seconds',
    prefixes: ['s3/pull'],
    says: 'Three blobs at once, whose bytes come from the S3 server itself.',
  },
  {
    id: 'direct',
    title: 'S3 without redirects',
    metric: 'seconds',
    unit: 'seconds',
    prefixes: ['direct/'],
    says: 'Pulls; all bytes pass through the registry.',
  },
  {
    id: 'requests',
    title: 'Requests on S3',
    metric: 'requestsPerSecond',
    unit: 'requests a second',
    prefixes: ['s3/manifest', 's3/blob', 's3/tags', 's3/catalog'],
    says: 'Sixteen connections that ask again and again. What is answered from memory differs: Slipway remembers links for five seconds and manifests for good, tags and lists never, but whoever asks for the same one at the same time shares reads; distribution remembers all it has found since its start but tags; zot asks S3 each time.',
  },
  {
    id: 'latency',
    title: 'S3 with 20 ms for each call',
    metric: 'seconds',
    unit: 'seconds',
    prefixes: ['latency/'],
    says: 'A proxy delays each call to S3, those of the client after a redirect included: the order of what calls take inside a region.',
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
    id: 'memory',
    title: 'Eight clients push a large layer each',
    metric: 'seconds',
    unit: 'seconds',
    prefixes: ['memory/'],
    says: 'Once each, for the memory it takes; two registries must do.',
  },
]

const intro = (results: Results): string => {
  const { machine, participants, command, date } = results
  const facts = { date: date.slice(0, 10), ...machine, command: `\`${command}\`` }
  return paragraphs(
    '# Benchmarks',
    'How Slipway stands beside other registries: on the same machine, the same S3 server and with the same client, in turn, round by round. Medians, with the tenth and the ninetieth percentile in parentheses; `×` is how many times as fast Slipway was, the median over the rounds. The figures are in `bench/results/`, too.',
    table(
      ['', ''],
      Object.entries(facts).map(([name, value]) => [name, value]),
    ).replaceAll('---:', '---'),
    table(
      ['Registry', 'version', 'settings'],
      participants.map(({ title, version, settings }) => [title, version, settings]),
    ).replaceAll('---:', '---'),
    'Client, S3 server and registry share the machine, so one that needs less CPU leaves more to the others. No digests are computed by the client. Whatever goes on beside it makes figures differ from run to run: ratios differ less.',
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

On Debian 12 with Go and Node 24, as root, in three quarters of an hour:

\`\`\`console
npm ci
.ci/install
npm run bench -- --zot ./zot-linux-amd64 --page docs
\`\`\`

\`.ci/install\` brings versitygw and distribution 2.8; distribution 3 is built from its Go module; zot is a binary of its releases, and stays out without \`--zot\`. Results are written after each workload. \`npm run bench -- --help\` names what else can be told to it.`

const partOf = (results: Results, part: Part): string => {
  const rows = results.measured.filter(({ id }) => part.prefixes.some((it) => id.startsWith(it)))
  if (rows.length === 0) return ''
  return paragraphs(
    `## ${part.title}`,
    part.says,
    `![${part.title}](benchmarks/${part.id}.svg)`,
    themeTable(results, part),
    part.metric === 'requestsPerSecond' ? latencyTable(results, part) : '',
    usageTable(results, part),
  )
}

const counts = (results: Results): string =>
  results.counted.length === 0
    ? ''
    : paragraphs(
        '## Calls to S3',
        'One request at a time, from a process that has just started and remembers nothing, and once more. Pushes are of what no registry has. `in` says how many calls had to wait for one another.',
        countTable(results),
      )

const growth = ({ grown }: Results): string =>
  grown.length === 0
    ? ''
    : paragraphs(
        '## Growth',
        'A server on an S3 in memory whose listings take as long for many keys as for few; pages of 50 tags or repositories, and of up to 500 referrers.',
        ...(['tags', 'repositories', 'referrers'] as const).map((of) => growthTable(grown, of)),
        'One thing grows: to delete a manifest by its digest, every tag of the repository is read, for it may point there. With T tags that is T/1000 lists and T reads, 128 at once. The first page of referrers costs a read for each that is not remembered, at most 500.',
      )

const lambda = (results: Results): string =>
  results.invoked.length === 0
    ? ''
    : paragraphs(
        '## The Lambda function',
        'The handler as it is bundled for Lambda, in processes of this machine, on an S3 in memory: its own milliseconds, without what S3 takes. Cold is the first event of a process, the loading of the handler included.',
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
    failed(results),
    growth(results),
    lambda(results),
    RUN,
  )
  writeFileSync(join(directory, 'benchmarks.md'), `${page}\n`)
}
