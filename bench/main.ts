/**
 * The benchmark: Slipway beside other registries, on the same machine, the same S3 server and the same
 * client. See docs/benchmarks.md for what it found.
 *
 * @module
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { exceeded } from './budgets.ts'
import { createImageMaker } from './content.ts'
import { goalTable } from './goals.ts'
import { machine } from './machine.ts'
import { createMeter, type Meter } from './meter.ts'
import { HELP, type Options, readOptions, type Section, UsageError } from './options.ts'
import { writePage } from './page/page.ts'
import { expectedSeconds, playPart, type Work } from './parts.ts'
import { distribution2, distribution3 } from './peers/distribution.ts'
import type { Peer } from './peers/peer.ts'
import { slipwayPeer } from './peers/slipway.ts'
import { zotPeer } from './peers/zot.ts'
import { type Results, readResults, writeResults } from './results.ts'
import { resumed } from './resume.ts'
import { counts, STAGED, type StagedSection } from './sections.ts'
import { FULL, QUICK, SMOKE } from './sizes.ts'
import { measureCleanUp } from './workloads/clean-up.ts'
import { measureGrowth } from './workloads/growth.ts'
import { measureLambda } from './workloads/lambda.ts'
import { countReferrerCalls } from './workloads/referrers.ts'

const SIZES = { full: FULL, smoke: SMOKE, quick: QUICK }

/** Parts with Slipway alone: what gives their results, whose they are, and seconds that they take, roughly. */
const ALONE = {
  growth: {
    key: 'grown',
    seconds: 60,
    run: async ({ sizes, tell }) => ({ grown: await measureGrowth(sizes.growth, tmpdir(), tell) }),
  },
  lambda: { key: 'invoked', seconds: 90, run: ({ rounds, tell }) => measureLambda(rounds, tell) },
  'clean-up': {
    key: 'cleanedUp',
    seconds: 120,
    run: async ({ sizes, tell }) => ({ cleanedUp: await measureCleanUp(sizes.cleanUp, tell) }),
  },
  'quick-lambda': {
    key: 'invoked',
    seconds: 10,
    run: ({ rounds, tell }) => measureLambda(rounds, tell, 'GET manifest by tag'),
  },
  'quick-referrers': {
    key: 'referrerCalls',
    seconds: 5,
    run: async () => ({ referrerCalls: await countReferrerCalls(tmpdir()) }),
  },
} as const satisfies Partial<Record<Section, Alone>>

/** Calls are counted of all registries, on a stage of their own. */
const COUNTS: Alone = {
  key: 'counted',
  seconds: 60,
  run: async (work) => ({ counted: await counts(work) }),
}

interface Alone {
  readonly key: 'counted' | 'grown' | 'invoked' | 'cleanedUp' | 'referrerCalls'
  readonly seconds: number
  run(work: Work): Promise<Partial<Results>>
}

const isStaged = (section: Section): section is StagedSection => section in STAGED

const aloneOf = (section: Exclude<Section, StagedSection>): Alone =>
  section === 'counts' ? COUNTS : ALONE[section]

/** Whether a part compares registries, on a real S3 server. */
const compares = (section: Section): boolean => isStaged(section) || section === 'counts'

const peersOf = (options: Options): readonly Peer[] => {
  const { sizes, zot, profiles, workers, only } = options
  const slipway = slipwayPeer(profiles, workers)
  if (!only.some(compares)) return [slipway]
  const zots = zot === undefined ? [] : [zotPeer(zot)]
  // Version 2.8 waits a second for each part that it sends to this S3 server.
  if (sizes !== 'full') return [slipway, distribution3, ...zots]
  return [slipway, distribution3, distribution2, ...zots]
}

const participantOf = async ({ name, title, version, settings }: Peer) => ({
  peer: name,
  title,
  version: await version(),
  settings,
})

/** Results of a run that has measured nothing yet. */
const begun = async (
  { sizes, rounds, only }: Options,
  peers: readonly Peer[],
  date: string,
  command: string,
): Promise<Results> => ({
  date,
  command,
  machine: await machine(only.some(compares)),
  participants: await Promise.all(peers.map(participantOf)),
  plan: { sizes, rounds, only },
  measured: [],
  failures: [],
  counted: [],
  grown: [],
  invoked: [],
})

/** Parts of one registry are about this much shorter in the short run. */
const BRIEFLY = 0.2

/** Whether results have something already. */
const hasAny = (found: object | undefined): boolean => Object.keys(found ?? {}).length > 0

/** Runs the parts that the options name; a part that fails does not stop the others. */
const run = async (
  options: Options,
  meter: Meter,
  date: string,
  command: string,
): Promise<Results> => {
  const peers = peersOf(options)
  const sizes = SIZES[options.sizes]
  const { layers, layerBytes } = sizes.subjects[0]
  let results = await begun(options, peers, date, command)
  if (options.resume) {
    if (!existsSync(options.out)) throw new UsageError(`--resume: there is no ${options.out}`)
    results = resumed(readResults(options.out), results)
  }
  const keep = (more: Partial<Results>): void => {
    results = { ...results, ...more }
    writeResults(options.out, results)
  }
  const work: Work = {
    peers,
    maker: createImageMaker(Math.max(layers * layerBytes, sizes.memoryBytes)),
    sizes,
    rounds: options.rounds,
    tell: meter.tell,
    advance: meter.advance,
    has: (id) => results.measured.some((each) => each.peer === 'slipway' && each.id === id),
    add: ({ measured, failures, flushed }) =>
      keep({
        measured: [...results.measured, ...measured],
        failures: [...results.failures, ...failures],
        flushed: [...(results.flushed ?? []), ...flushed],
      }),
  }
  /** A part's seconds, roughly, of what is left of it. */
  const secondsOf = (section: Section): number => {
    if (isStaged(section))
      return STAGED[section](work).reduce((sum, part) => sum + expectedSeconds(work, part), 0)
    const { key, seconds } = aloneOf(section)
    return hasAny(results[key]) ? 0 : seconds * (sizes.briefly ? BRIEFLY : 1)
  }
  const runSection = async (section: Section): Promise<void> => {
    if (isStaged(section)) {
      for (const part of STAGED[section](work)) await playPart(work, part)
      return
    }
    const alone = aloneOf(section)
    const expected = secondsOf(section)
    keep(await alone.run(work))
    meter.advance(expected)
  }
  meter.expect(options.only.reduce((sum, section) => sum + secondsOf(section), 0))
  for (const section of options.only) {
    if (secondsOf(section) === 0) continue
    meter.tell(`part: ${section}`)
    try {
      await runSection(section)
    } catch (error) {
      process.exitCode = 1
      meter.end()
      console.error(`part ${section} failed:`, error)
    }
  }
  meter.end()
  return results
}

/** Puts all temporary files into one directory, which is removed when this process ends, however it ends. */
const cleanUpAtTheEnd = (): void => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-bench-'))
  process.env.TMPDIR = directory
  // The servers are ended by an earlier listener.
  process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
}

/** Measures, or reads what was measured. */
const resultsOf = (
  options: Options,
  args: readonly string[],
  date: string,
): Promise<Results> | Results => {
  if (options.from !== undefined) return readResults(options.from)
  // Paths of this machine do not belong in the results.
  const command = ['npm run bench --', ...args.map((arg) => basename(arg))].join(' ')
  const meter = createMeter(process.stdout, () => performance.now())
  return run(options, meter, date, command)
}

const main = async (args: readonly string[]): Promise<void> => {
  const date = new Date().toISOString()
  const options = readOptions(args, date.slice(0, 10))
  const { page, sizes } = options
  cleanUpAtTheEnd()
  const results = await resultsOf(options, args, date)
  if (page !== undefined) writePage(page, results)
  if (sizes === 'quick') console.log(`\n${goalTable(results)}`)
  const over = sizes === 'smoke' ? exceeded(results) : []
  for (const line of over) console.error(`over budget: ${line}`)
  if (over.length > 0) process.exitCode = 1
}

const args = process.argv.slice(2)
if (args.includes('--help')) console.log(HELP)
else
  await main(args).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error
    console.error(error.message)
    process.exitCode = 2
  })
