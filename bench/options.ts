/**
 * The options of the benchmark's command line.
 *
 * @module
 */

import { parseArgs } from 'node:util'

/** Parts of the benchmark, in the order in which they run. */
export const SECTIONS = [
  'counts',
  's3',
  'large',
  'direct',
  'latency',
  'files',
  'memory',
  'growth',
  'lambda',
  'clean-up',
] as const

export type Section = (typeof SECTIONS)[number]

export interface Options {
  readonly smoke: boolean
  readonly rounds: number
  readonly only: readonly Section[]
  /** Path of a zot binary, which takes part if it is given. */
  readonly zot: string | undefined
  /** File the results are written to. */
  readonly out: string
  /** Directory for CPU profiles of Slipway. */
  readonly profiles: string | undefined
  /** Directory that the page is written to; undefined: no page. */
  readonly page: string | undefined
  /** File with the results of an earlier run, to make the page from without running anything. */
  readonly from: string | undefined
}

/** What `--help` prints. */
export const HELP = `usage: npm run bench -- [options]

  --smoke            a short run with small images; it fails if Slipway exceeds its budget of store
                     operations or memory, but never because of speed
  --rounds N         number of rounds of everything that is timed (default 5)
  --only A,B         run only these parts: ${SECTIONS.join(', ')}
  --zot FILE         zot binary; without it, zot does not take part
  --out FILE         file for the results (default bench/results/<date>.json)
  --page DIRECTORY   also write the page (benchmarks.md) and its charts (benchmarks/) there
  --from FILE        make the page from these results and run nothing
  --profiles DIR     write CPU profiles of Slipway's servers there
`

const isSection = (name: string): name is Section => SECTIONS.some((section) => section === name)

/**
 * Reads the command line.
 *
 * @param today for the name of the results, ISO 8601
 * @throws Error naming the option and what would be right
 */
export const readOptions = (args: readonly string[], today: string): Options => {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: 'boolean', default: false },
      rounds: text,
      only: text,
      zot: text,
      out: text,
      page: text,
      from: text,
      profiles: text,
    },
  })
  const rounds = Number(values.rounds ?? (values.smoke ? 1 : 5))
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(
      `--rounds is ${JSON.stringify(values.rounds)}: expected a whole number of at least 1`,
    )
  const only = values.only?.split(',') ?? SECTIONS
  if (!only.every(isSection))
    throw new Error(
      `--only is ${JSON.stringify(values.only)}: expected some of ${SECTIONS.join(', ')}`,
    )
  const out = values.smoke ? '.ci/artifacts/bench-smoke.json' : `bench/results/${today}.json`
  return {
    smoke: values.smoke,
    rounds,
    only,
    zot: values.zot,
    out: values.out ?? out,
    page: values.page,
    from: values.from,
    profiles: values.profiles,
  }
}
