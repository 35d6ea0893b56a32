/**
 * Simulates a registry under the load of the internet, and prints the tables of docs/scale.md.
 *
 * Usage: node bench/scale/main.ts [docs]
 *
 * With a directory, it writes them into its scale.md, and the charts into its benchmarks/.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chartsOf } from './charts.ts'
import { runPlanned } from './run.ts'
import { manyImages, oneImage, type Planned, pushes, sweep } from './scenarios.ts'
import { openSources } from './sources.ts'
import { tablesOf, withTables } from './tables.ts'

const sources = await openSources()
const run = (all: readonly Planned[]) =>
  all.map((each) => {
    const outcome = runPlanned(each, sources)
    console.error(`${each.scenario.title}: ${(outcome.real.complete * 100).toFixed(0)} %`)
    return outcome
  })
const simulated = {
  one: run(oneImage()),
  many: run(manyImages()),
  pushes: run(pushes()),
  sweep: run(sweep()),
}
const tables = tablesOf(simulated, sources)
const [directory] = process.argv.slice(2)
if (directory === undefined) {
  for (const [name, table] of Object.entries(tables)) console.log(`${name}\n\n${table}\n`)
} else {
  const page = join(directory, 'scale.md')
  writeFileSync(page, withTables(readFileSync(page, 'utf8'), tables))
  for (const [name, chart] of Object.entries(chartsOf(simulated))) {
    writeFileSync(join(directory, 'benchmarks', `${name}.svg`), chart)
  }
}
