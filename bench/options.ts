/**
 * The options of the benchmark's command line.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import type { Plan } from './results.ts'

/** Parts of the benchmark, in the order in which they run. */
export const SECTIONS = [
  'counts',
  's3',
  'large',
  'direct',
  'latency',
  'files',
  'many',
  'memory',
  'growth',
  'lambda',
  'clean-up',
] as const

/** Parts of a quick run. */
export const QUICK_SECTIONS = [
  'quick-files',
  'quick-s3',
  'quick-lambda',
  'quick-referrers',
] as const

export type Section = (typeof SECTIONS | typeof QUICK_SECTIONS)[number]

export interface Options {
  /** How large everything is. */
  readonly sizes: Plan['sizes']
  /** Whether to go on with the run whose results are there. */
  readonly resume: boolean
  readonly rounds: number
  readonly only: readonly Section[]
  /** Path of a zot binary, which takes part if it is given. */
  readonly zot: string | undefined
  /** File the results are written to. */
  readonly out: string
  /** Directory for CPU profiles of Slipway. */
  readonly profiles: string | undefined
  /** Slipway's `--workers`. */
  readonly workers: string | undefined
  /** Directory that the page is written to; undefined: no page. */
  readonly page: string | undefined
  /** File with the results of an earlier run, to make the page from without running anything. */
  readonly from: string | undefined
}

/** What `--help` prints. */
export const HELP = `usage: npm run bench -- [options]

  --smoke            a short run with small images; it fails if Slipway exceeds its budget of store
                     operations or memory, but never because of speed
  --quick            what there are goals for, with smaller images, in about three minutes; it ends with a
                     table of each row, its ratio to the best other registry, and its goal
  --rounds N         number of rounds of everything that is timed (default 5; of a quick run 3)
  --only A,B         run only these parts: ${SECTIONS.join(', ')};
                     of a quick run ${QUICK_SECTIONS.join(', ')}
  --resume           go on with a run that was interrupted: what its results have is not measured again.
                     Commit, machine, registries and options must be the same
  --zot FILE         zot binary; without it, zot does not take part
  --out FILE         file for the results (default bench/results/<date>.json; of short and quick runs
                     in .ci/artifacts)
  --page DIRECTORY   also write the page (benchmarks.md) and its charts (benchmarks/) there
  --from FILE        make the page from these results and run nothing
  --workers N        processes of Slipway that answer requests (default 1, as its own)
  --profiles DIR     write CPU profiles of Slipway's servers there
`

/** What whoever starts a run can change: its message is all that there is to say. */
export class UsageError extends Error {}

/** What a run of each size measures, how often, and where its results go. */
const DEFAULTS = {
  full: { sections: SECTIONS, rounds: 5, out: undefined },
  smoke: { sections: SECTIONS, rounds: 1, out: '.ci/artifacts/bench-smoke.json' },
  quick: { sections: QUICK_SECTIONS, rounds: 3, out: '.ci/artifacts/bench-quick.json' },
} as const satisfies Record<Plan['sizes'], object>

const sizesOf = ({ smoke = false, quick = false }): Plan['sizes'] => {
  if (smoke && quick) throw new UsageError('--smoke and --quick are two sizes: choose one')
  if (quick) return 'quick'
  return smoke ? 'smoke' : 'full'
}

const roundsOf = (text: string | undefined, otherwise: number): number => {
  const rounds = Number(text ?? otherwise)
  if (Number.isInteger(rounds) && rounds >= 1) return rounds
  throw new UsageError(`--rounds is ${JSON.stringify(text)}: expected a whole number of at least 1`)
}

const onlyOf = (text: string | undefined, sections: readonly Section[]): readonly Section[] => {
  if (text === undefined) return sections
  return text.split(',').map((name) => {
    const found = sections.find((section) => section === name)
    if (found !== undefined) return found
    throw new UsageError(
      `--only is ${JSON.stringify(text)}: expected some of ${sections.join(', ')}`,
    )
  })
}

/**
 * Reads the command line.
 *
 * @param today for the name of the results, ISO 8601
 * @throws UsageError naming the option and what would be right
 */
export const readOptions = (args: readonly string[], today: string): Options => {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: flag,
      quick: flag,
      resume: flag,
      rounds: text,
      only: text,
      zot: text,
      out: text,
      page: text,
      from: text,
      profiles: text,
      workers: text,
    },
  })
  const sizes = sizesOf(values)
  const { sections, rounds, out } = DEFAULTS[sizes]
  return {
    sizes,
    resume: values.resume,
    rounds: roundsOf(values.rounds, rounds),
    only: onlyOf(values.only, sections),
    zot: values.zot,
    out: values.out ?? out ?? `bench/results/${today}.json`,
    page: values.page,
    from: values.from,
    profiles: values.profiles,
    workers: values.workers,
  }
}
