/**
 * `slipway robot bind` and `unbind`: which tokens of other issuers stand for a robot's secret.
 *
 * @module
 */

import {
  bindingFault,
  formatBindings,
  parseBindings,
  type WrittenBindings,
} from '../../auth/accounts/bindings.ts'
import { parseRobots } from '../../auth/accounts/robots.ts'
import { readDocument } from '../../auth/document.ts'
import { ROBOT_PREFIX, robotName } from '../../auth/identity.ts'
import { parseIssuers } from '../../auth/issuers/document.ts'
import { ISSUERS_KEY, ROBOT_CLAIMS_KEY, ROBOTS_KEY } from '../../registry/layout.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { noSuch } from '../accounts.ts'
import type { StoreIo } from '../command.ts'
import { CommandError, UsageError } from '../errors.ts'

interface Named {
  readonly args: { readonly name: string }
}

interface Given extends Named {
  readonly flags: { readonly claim: readonly string[] }
}

/** The claims that robots are bound to. @throws DocumentError, StoreError */
export const readBindings = async (store: ObjectStore): Promise<WrittenBindings> =>
  parseBindings(await readDocument(store, ROBOT_CLAIMS_KEY))

/** Binds a robot to nothing more, so that a new one of the same name is not bound. @returns whether it was */
export const unbind = ({ edit }: Pick<StoreIo, 'edit'>, name: string): Promise<boolean> =>
  edit(ROBOT_CLAIMS_KEY, (text) => {
    const bindings = new Map(parseBindings(text))
    return bindings.delete(name) ? formatBindings(bindings) : undefined
  })

/** @throws CommandError for a robot that is not there */
export const mustExist = async (store: ObjectStore, name: string): Promise<void> => {
  if (!parseRobots(await readDocument(store, ROBOTS_KEY)).has(name)) throw noSuch('robot', name)
}

/** Says what else is needed before a token gets in. */
const sayTrust = async ({ store, say }: StoreIo, claims: readonly string[]): Promise<void> => {
  const trusted = await parseIssuers(await readDocument(store, ISSUERS_KEY))
  if (trusted.some(({ issuer }) => claims.includes(`iss=${issuer}`))) return
  say('Its issuer is not trusted yet: see slipway issuers add.')
}

/** `slipway robot bind`. */
export const bindRobot = async (io: StoreIo, { args, flags }: Given): Promise<void> => {
  const name = robotName(args.name) ?? args.name
  const { claim: claims } = flags
  const fault = bindingFault(claims)
  if (fault !== undefined) throw new UsageError(`--claim: ${fault}`)
  await mustExist(io.store, name)
  await io.edit(ROBOT_CLAIMS_KEY, (text) =>
    formatBindings(new Map(parseBindings(text)).set(name, claims)),
  )
  // Removed meanwhile: one that is added later must not be bound.
  await mustExist(io.store, name).catch(async (error: unknown) => {
    await unbind(io, name)
    throw error
  })
  io.say(`Tokens with all of these claims log in as ${ROBOT_PREFIX}${name}: ${claims.join(' ')}`)
  await sayTrust(io, claims)
  io.say(io.seen)
}

/** `slipway robot unbind`. */
export const unbindRobot = async (io: StoreIo, given: Named): Promise<void> => {
  const name = robotName(given.args.name) ?? given.args.name
  await mustExist(io.store, name)
  if (!(await unbind(io, name))) {
    throw new CommandError(`the robot ${name} is not bound to claims: see slipway robot show`)
  }
  io.say(`No token logs in as ${ROBOT_PREFIX}${name} any more.`)
  io.say(io.seen)
}
