/**
 * `slipway issuers add`: trusts an issuer, and says which rule is safe with it.
 *
 * @module
 */

import { Document, parse, parseDocument } from 'yaml'
import { readDocument } from '../../auth/document.ts'
import { robotName } from '../../auth/identity.ts'
import { type IssuerEntry, parseIssuers, trustedIssuer } from '../../auth/issuers/document.ts'
import { parsePolicy } from '../../auth/policy/parse.ts'
import { ISSUERS_KEY, POLICY_KEY } from '../../registry/layout.ts'
import { DocumentError, quoted } from '../../shared/errors.ts'
import { UsageError } from '../errors.ts'
import type { AccountsIo } from '../ways/accounts-io.ts'
import { type IssuerRule, issuerRule } from './issuer-rules.ts'
import { bindRobot, robotMustExist } from './robot-claims.ts'

interface Given {
  readonly args: { readonly provider: string }
  readonly flags: {
    readonly audience: string | undefined
    readonly repositories: string | undefined
    readonly actions: string | undefined
    readonly id: string | undefined
    readonly url: string | undefined
    readonly ref: string | undefined
    readonly ca: string | undefined
    readonly 'private-addresses': boolean
    readonly 'add-rule': boolean
    readonly robot: string | undefined
  }
}

const NEW = 'version: 1\n'

/** A document with one more entry at the end of a list; comments stay. */
const withEntry = (text: string | undefined, list: string, entry: object): Document => {
  const document: Document = parseDocument(text ?? NEW)
  if (document.has(list)) document.addIn([list], document.createNode(entry))
  else document.set(list, document.createNode([entry]))
  return document
}

const textOf = (document: Document): string => document.toString({ lineWidth: 0 })

/** The audience of an issuer that is in a document; undefined if it is not. */
const audienceIn = (text: string | undefined, issuer: unknown): string | undefined => {
  if (text === undefined) return undefined
  const { issuers } = parse(text) as { readonly issuers: readonly IssuerEntry[] }
  const found = issuers.find((each) => each.issuer === issuer)
  return found && (found.audience ?? '')
}

/** Adds an issuer, unless it is there. @throws DocumentError where it is there for another audience */
const addIssuer = async (io: AccountsIo, entry: IssuerEntry): Promise<void> => {
  const { issuer, audience } = entry
  // What is there must be right, and so must this: both are read by a registry.
  await parseIssuers(await readDocument(io.store, ISSUERS_KEY))
  for (const each of await parseIssuers(textOf(withEntry(undefined, 'issuers', entry)))) {
    await trustedIssuer(each, 'slipway', io.now)
  }
  const written = await io.edit(ISSUERS_KEY, (text) => {
    const there = audienceIn(text, issuer)
    if (there === undefined) return textOf(withEntry(text, 'issuers', entry))
    if (there === audience) return undefined
    throw new DocumentError(
      `issuers: ${issuer} is there with the audience ${quoted(there)}: see slipway issuers show`,
    )
  })
  io.say(written ? `${issuer} is trusted. ${io.seen}` : `${issuer} was trusted already.`)
}

/** Adds a rule at the end of the policy. */
const addRule = async (io: AccountsIo, rule: object): Promise<void> => {
  const changed = textOf(withEntry(await readDocument(io.store, POLICY_KEY), 'rules', rule))
  const policy = parsePolicy(changed)
  const write = () => io.edit(POLICY_KEY, (text) => textOf(withEntry(text, 'rules', rule)))
  await io.keepInStep(policy, write)
  io.say('The rule is the last of the policy: one before it may decide. See slipway policy test.')
}

/** Reads the entry that is to be added. */
const entryOf = async (io: AccountsIo, issuer: string, { flags }: Given): Promise<IssuerEntry> => {
  const { audience } = flags
  if (audience === undefined) {
    throw new UsageError(
      '--audience is missing: the address of this registry, as in registry.example',
    )
  }
  const ca = flags.ca === undefined ? undefined : await io.readFile(flags.ca)
  return {
    issuer,
    audience,
    ...(ca === undefined ? {} : { ca }),
    ...(flags['private-addresses'] ? { privateAddresses: true } : {}),
  }
}

/** Binds a robot to what the rule would demand, in place of a rule. */
const addForRobot = async (
  io: AccountsIo,
  robot: string,
  { issuer, all }: IssuerRule,
  given: Given,
): Promise<void> => {
  const { repositories, actions, 'add-rule': added } = given.flags
  if (added || repositories !== undefined || actions !== undefined) {
    throw new UsageError(
      '--robot is in place of a rule: leave out --repositories, --actions and --add-rule, and let rules name the robot',
    )
  }
  await robotMustExist(io, robotName(robot) ?? robot)
  await addIssuer(io, await entryOf(io, issuer, given))
  const claim = all.map((subject) => subject.replace(/^claim:/, ''))
  await bindRobot(io, { args: { name: robot }, flags: { claim } })
}

/** `slipway issuers add`. */
export const addIssuerAndRule = async (io: AccountsIo, given: Given): Promise<void> => {
  const { args, flags } = given
  const { repositories, actions = 'pull,push' } = flags
  const wanted = issuerRule({ ...args, id: flags.id, url: flags.url, ref: flags.ref })
  if (flags.robot !== undefined) return addForRobot(io, flags.robot, wanted, given)
  const { issuer, all } = wanted
  const entry = await entryOf(io, issuer, given)
  if (repositories === undefined) {
    throw new UsageError("--repositories is missing: what its tokens are for, as in 'team/**'")
  }
  const rule = {
    who: [{ all }],
    repositories: repositories.split(','),
    actions: actions.split(','),
  }
  // A rule that is not valid is refused before anybody is trusted.
  const alone = new Document({ version: 1, rules: [rule] })
  parsePolicy(textOf(alone))
  await addIssuer(io, entry)
  if (flags['add-rule']) return addRule(io, rule)
  io.say('Nothing is allowed by that. This rule is safe with it (--add-rule adds it):')
  io.print(textOf(new Document([rule])).trimEnd())
}
