/**
 * The benchmark: Slipway beside other registries, on the same machine, the same S3 server and the same
 * client. See docs/benchmarks.md for what it found.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { exceeded } from './budgets.ts'
import { createImageMaker } from './content.ts'
import { machine } from './machine.ts'
import { HELP, type Options, readOptions, type Section } from './options.ts'
import { writePage } from './page/page.ts'
import { distribution2, distribution3 } from './peers/distribution.ts'
import type { Peer } from './peers/peer.ts'
import { slipwayPeer } from './peers/slipway.ts'
import { zotPeer } from './peers/zot.ts'
import { type Results, readResults, writeResults } from './results.ts'
import { counts, STAGED, type Work } from './sections.ts'
import { FULL, SMOKE } from './sizes.ts'
import { measureCleanUp } from './workloads/clean-up.ts'
import { measureGrowth } from './workloads/growth.ts'
import { measureLambda } from './workloads/lambda.ts'

/** Whether a part compares registries, on a real S3 server. */
const compares = (section: Section): boolean =>
  section !== 'growth' && section !== 'lambda' && section !== 'clean-up'

const peersOf = (options: Options): readonly Peer[] => {
  const { smoke, zot, profiles, only } = options
  const slipway = slipwayPeer(profiles)
  if (!only.some(compares)) return [slipway]
  // Version 2.8 waits a second for each part that it sends to this S3 server.
  if (smoke) return [slipway, distribution3]
  return [slipway, distribution3, distribution2, ...(zot ? [zotPeer(zot)] : [])]
}

const participantOf = async ({ name, title, version, settings }: Peer) => ({
  peer: name,
  title,
  version: await version(),
  settings,
})

const tell = (line: string): void => {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`)
}

/** Runs a part. @returns what it adds to the results, apart from what it adds as it goes */
const runSection = async (section: Section, work: Work): Promise<Partial<Results>> => {
  const { sizes, rounds } = work
  if (section === 'counts') return { counted: await counts(work) }
  if (section === 'growth') return { grown: await measureGrowth(sizes.growth, tmpdir(), tell) }
  if (section === 'lambda') return { invoked: await measureLambda(rounds, tell) }
  if (section === 'clean-up') return { cleanedUp: await measureCleanUp(sizes.cleanUp, tell) }
  await STAGED[section](work)
  return {}
}

/** Runs the parts that the options name; a part that fails does not stop the others. */
const run = async (options: Options, date: string, command: string): Promise<Results> => {
  const peers = peersOf(options)
  const sizes = options.smoke ? SMOKE : FULL
  const { layers, layerBytes } = sizes.subjects[0]
  let results: Results = {
    date,
    command,
    machine: await machine(options.only.some(compares)),
    participants: await Promise.all(peers.map(participantOf)),
    measured: [],
    failures: [],
    counted: [],
    grown: [],
    invoked: [],
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
    tell,
    add: ({ measured, failures }) =>
      keep({
        measured: [...results.measured, ...measured],
        failures: [...results.failures, ...failures],
      }),
  }
  for (const section of options.only) {
    tell(`part: ${section}`)
    try {
      keep(await runSection(section, work))
    } catch (error) {
      process.exitCode = 1
      console.error(`part ${section} failed:`, error)
    }
  }
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

const args = process.argv.slice(2)
if (args.includes('--help')) {
  console.log(HELP)
} else {
  const date = new Date().toISOString()
  const options = readOptions(args, date.slice(0, 10))
  const { from, page, smoke } = options
  cleanUpAtTheEnd()
  const results =
    from === undefined
      ? // Paths of this machine do not belong in the results.
        await run(
          options,
          date,
          ['npm run bench --', ...args.map((arg) => basename(arg))].join(' '),
        )
      : readResults(from)
  if (page !== undefined) writePage(page, results)
  const over = smoke ? exceeded(results) : []
  for (const line of over) console.error(`over budget: ${line}`)
  if (over.length > 0) process.exitCode = 1
}
