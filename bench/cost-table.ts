/**
 * Prints the table of costs as Markdown, from the results of a run.
 *
 * Usage: node bench/cost-table.ts bench/results/<date>.json
 *
 * @module
 */

import { costPage } from './page/costs.ts'
import { readResults } from './results.ts'

const [path] = process.argv.slice(2)
if (path === undefined) throw new Error('usage: node bench/cost-table.ts <results.json>')
console.log(costPage(readResults(path).invoked))
