/**
 * `slipway smoke`: which of the things that clients need a deployed registry does.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { CHECKS, CHECKS_WITH_GIGABYTE } from '../smoke/checks.ts'
import { reach } from '../smoke/reach.ts'
import { runChecks } from '../smoke/run.ts'
import type { Target } from '../smoke/session.ts'

/** The registry's address, who logs in, and where to push to. */
interface Given {
  readonly args: { readonly address: string }
  readonly flags: {
    readonly user: string | undefined
    readonly repository: string | undefined
    readonly 'push-host': string | undefined
    readonly 'put-1gb': boolean
  }
}

const originOf = (address: string): string => {
  const url = URL.parse(address)
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '') {
    return url.origin
  }
  throw new UsageError(
    `${JSON.stringify(address)} is not the address of a registry: expected https://registry.example`,
  )
}

/** @param host as the stack prints it, or with a scheme */
const pushHostOf = (host: string): string =>
  originOf(/^https?:\/\//.test(host) ? host : `https://${host}`)

const targetOf = async ({ env, stdin }: Io, { args, flags }: Given): Promise<Target> => {
  const origin = originOf(args.address)
  const repository = flags.repository ?? `smoke/${randomBytes(4).toString('hex')}`
  const host = flags['push-host']
  const pushHost = host === undefined ? undefined : pushHostOf(host)
  if (flags.user === undefined) return { origin, pushHost, repository }
  if (env.SLIPWAY_PASSWORD === undefined && stdin.isTTY) {
    throw new UsageError('--user needs a password: set SLIPWAY_PASSWORD, or pipe it in')
  }
  const password = env.SLIPWAY_PASSWORD ?? (await text(stdin)).replace(/\r?\n$/, '')
  return { origin, pushHost, repository, user: { name: flags.user, password } }
}

/**
 * Makes all checks and prints a line for each.
 *
 * @returns 1 when something that clients need does not hold
 * @throws UsageError, CommandError where nothing can be reached
 */
export const smoke = async (io: Io, given: Given): Promise<number> => {
  const target = await targetOf(io, given)
  await reach(target.origin)
  if (target.pushHost !== undefined) await reach(target.pushHost)
  io.print(`${target.origin}, repository ${target.repository}\n`)
  const checks = given.flags['put-1gb'] ? CHECKS_WITH_GIGABYTE : CHECKS
  const results = await runChecks(target, checks, io.print)
  return results.some(({ verdict }) => verdict === 'NOT') ? 1 : 0
}
