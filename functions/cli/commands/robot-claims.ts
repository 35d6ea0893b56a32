/**
 * `slipway robot bind` and `unbind`: which tokens of other issuers stand for a robot's secret.
 *
 * @module
 */

import { shortName } from '../../auth/accounts/administer/robots.ts'
import { bindingFault } from '../../auth/accounts/bindings.ts'
import { readDocument } from '../../auth/document.ts'
import { ROBOT_PREFIX } from '../../auth/identity.ts'
import { parseIssuers } from '../../auth/issuers/document.ts'
import { ISSUERS_KEY } from '../../registry/layout.ts'
import { onAccounts } from '../accounts.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { AccountsIo } from '../ways/accounts-io.ts'

const HELP = { absent: 'robot list' } as const

interface Named {
  readonly args: { readonly name: string }
}

interface Given extends Named {
  readonly flags: { readonly claim: readonly string[] }
}

/** @throws CommandError for a robot that is not there */
export const robotMustExist = (io: AccountsIo, name: string): Promise<void> =>
  onAccounts(HELP, () => io.robotMustExist(name))

/** Says what else is needed before a token gets in. */
const sayTrust = async ({ store, say }: AccountsIo, claims: readonly string[]): Promise<void> => {
  const trusted = await parseIssuers(await readDocument(store, ISSUERS_KEY))
  if (trusted.some(({ issuer }) => claims.includes(`iss=${issuer}`))) return
  say('Its issuer is not trusted yet: see slipway issuers add.')
}

/** `slipway robot bind`. */
export const bindRobot = async (io: AccountsIo, { args, flags }: Given): Promise<void> => {
  const name = shortName(args.name)
  const { claim: claims } = flags
  const fault = bindingFault(claims)
  if (fault !== undefined) throw new UsageError(`--claim: ${fault}`)
  await onAccounts(HELP, () => io.bindRobot(name, claims))
  io.say(`Tokens with all of these claims log in as ${ROBOT_PREFIX}${name}: ${claims.join(' ')}`)
  await sayTrust(io, claims)
  io.say(io.seen)
}

/** `slipway robot unbind`. */
export const unbindRobot = async (io: AccountsIo, given: Named): Promise<void> => {
  const name = shortName(given.args.name)
  await robotMustExist(io, name)
  if (!(await io.unbindRobot(name))) {
    throw new CommandError(`the robot ${name} is not bound to claims: see slipway robot show`)
  }
  io.say(`No token logs in as ${ROBOT_PREFIX}${name} any more.`)
  io.say(io.seen)
}
