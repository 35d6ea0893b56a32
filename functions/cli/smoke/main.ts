/**
 * `npm run smoke`: what of that which clients need holds for a deployed registry.
 *
 * @module
 */

import { CHECKS } from './checks.ts'
import { HELP, readOptions, UsageError } from './options.ts'
import { runChecks } from './run.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const main = async (): Promise<number> => {
  const target = await readOptions(process.argv.slice(2), process.env, process.stdin)
  if (target === undefined) {
    process.stdout.write(HELP)
    return 0
  }
  say(`${target.origin}, repository ${target.repository}\n`)
  const results = await runChecks(target, CHECKS, say)
  return results.some(({ verdict }) => verdict === 'NOT') ? 1 : 0
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`smoke: ${error.message}\n`)
  process.exitCode = 2
}
