/**
 * What can be told to the benchmark on its command line.
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
] as const

export type Section = (typeof SECTIONS)[number]

export interface Options {
  readonly smoke: boolean
  readonly rounds: number
  readonly only: readonly Section[]
  /** Path of a binary of zot, which takes part where it is given. */
  readonly zot: string | undefined
  /** File the results are written to. */
  readonly out: string
  /** Directory for CPU profiles of Slipway. */
  readonly profiles: string | undefined
  /** Where the page goes, or undefined for none. */
  readonly page: string | undefined
  /** Results of an earlier run, to make the page of without running anything. */
  readonly from: string | undefined
}

/** What `--help` prints. */
export const HELP = `usage: npm run bench -- [options]

  --smoke            a short run with small images, which fails when Slipway costs more store
                     operations or memory than its budget, and never for its speed
  --rounds N         rounds of everything that is timed (default 5)
  --only A,B         only these parts: ${SECTIONS.join(', ')}
  --zot FILE         binary of zot, to take part
  --out FILE         where results go (default bench/results/<date>.json)
  --page DIRECTORY   also write the page and its charts, benchmarks.md and benchmarks/, there
  --from FILE        make the page of these results, and run nothing
  --profiles DIR     write CPU profiles of Slipway's servers there
`

const isSection = (name: string): name is Section => SECTIONS.some((section) => section === name)

/**
 * Reads the command line.
 *
 * @param today for the name of the results, ISO 8601
 * @throws Error that says what is wrong
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
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}`)
  const only = values.only?.split(',') ?? SECTIONS
  if (!only.every(isSection)) throw new Error(`--only takes of ${SECTIONS.join(', ')}`)
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
