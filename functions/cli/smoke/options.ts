/**
 * The command line of `npm run smoke`.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import type { Target } from './session.ts'

/** What `--help` prints. */
export const HELP = `Checks a registry that is deployed, by plain HTTP requests.

Usage:
  npm run smoke -- https://registry.example [--user NAME] [--repository NAME]

  --user NAME         who logs in; the password is in SLIPWAY_PASSWORD, or all of standard input
  --repository NAME   where to push to, and to delete from afterwards (default smoke/<random>)

It pushes some 30 MB, and deletes what it has stored. It ends with 1 when something that clients need
does not hold. docs/aws.md says what each line is about.
`

/** Arguments that are not as they must be; the message is for the person who gave them. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        user: { type: 'string' },
        repository: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

const originOf = (address: string | undefined): string => {
  const url = URL.parse(address ?? '')
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '') {
    return url.origin
  }
  throw new UsageError(
    `expected the address of a registry, as https://registry.example, and not ${JSON.stringify(address ?? '')}`,
  )
}

/**
 * Reads the command line.
 *
 * @param input where the password is read from, unless the environment has it
 * @returns undefined when help is asked for
 * @throws UsageError
 */
export const readOptions = async (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  input: NodeJS.ReadStream,
): Promise<Target | undefined> => {
  const { values, positionals } = parse(args)
  if (values.help) return undefined
  if (positionals.length > 1) throw new UsageError(`expected one address: ${positionals.join(' ')}`)
  const origin = originOf(positionals[0])
  const repository = values.repository ?? `smoke/${randomBytes(4).toString('hex')}`
  if (values.user === undefined) return { origin, repository }
  if (env.SLIPWAY_PASSWORD === undefined && input.isTTY) {
    throw new UsageError('--user needs a password: set SLIPWAY_PASSWORD, or pipe it in')
  }
  const password = env.SLIPWAY_PASSWORD ?? (await text(input)).replace(/\r?\n$/, '')
  return { origin, repository, user: { name: values.user, password } }
}
