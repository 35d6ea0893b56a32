/**
 * The benchmark: Slipway beside other registries, on the same machine, the same S3 server and the same
 * client. See docs/benchmarks.md for what it found.
 *
 * @module
 */

import { tmpdir } from 'node:os'
import { createImageMaker } from './content.ts'
import { machine } from './machine.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { distribution2, distribution3 } from './peers/distribution.ts'
import type { Peer } from './peers/peer.ts'
import { slipwayPeer } from './peers/slipway.ts'
import { zotPeer } from './peers/zot.ts'
import { type Results, writeResults } from './results.ts'
import { counts, STAGED, type Work } from './sections.ts'
import { FULL, SMOKE } from './sizes.ts'
import { measureGrowth } from './workloads/growth.ts'
import { measureLambda } from './workloads/lambda.ts'

const peersOf = async ({ smoke, zot, profiles }: Options): Promise<readonly Peer[]> => {
  const slipway = slipwayPeer(profiles)
  if (smoke) return [slipway, distribution2]
  return [slipway, await distribution3(), distribution2, ...(zot ? [zotPeer(zot)] : [])]
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

/** Runs what the options say, and writes the results after each part. */
const bench = async (options: Options, date: string, command: string): Promise<Results> => {
  const peers = await peersOf(options)
  const sizes = options.smoke ? SMOKE : FULL
  const { layers, layerBytes } = sizes.subjects[0]
  const maker = createImageMaker(Math.max(layers * layerBytes, sizes.memoryBytes))
  const work: Work = { peers, maker, sizes, rounds: options.rounds, tell }
  let results: Results = {
    date,
    command,
    machine: await machine(),
    participants: await Promise.all(peers.map(participantOf)),
    measured: [],
    counted: [],
    grown: [],
    invoked: [],
  }
  for (const section of options.only) {
    tell(`part: ${section}`)
    const staged = STAGED[section]
    if (staged !== undefined) {
      results = { ...results, measured: [...results.measured, ...(await staged(work))] }
    }
    if (section === 'counts') results = { ...results, counted: await counts(work) }
    if (section === 'growth') {
      results = { ...results, grown: await measureGrowth(sizes.growth, tmpdir(), tell) }
    }
    if (section === 'lambda') {
      results = { ...results, invoked: await measureLambda(options.rounds, tell) }
    }
    writeResults(options.out, results)
  }
  return results
}

const args = process.argv.slice(2)
if (args.includes('--help')) {
  console.log(HELP)
} else {
  const date = new Date().toISOString()
  const options = readOptions(args, date.slice(0, 10))
  await bench(options, date, ['npm run bench --', ...args].join(' '))
}
