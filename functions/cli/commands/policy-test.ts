/**
 * `slipway policy test`: what a caller may do, and why.
 *
 * @module
 */

import { stringify } from 'yaml'
import type { Action } from '../../auth/access.ts'
import { readDocument } from '../../auth/document.ts'
import { type Identity, nameOf, ROBOT_PREFIX } from '../../auth/identity.ts'
import { parseRules } from '../../auth/policy/parse.ts'
import { compilePolicy } from '../../auth/policy/policy.ts'
import type { PolicyRule } from '../../auth/policy/schema.ts'
import { boundTo, decidedBy, grantsItself, RIGHTS } from '../../auth/policy/tester.ts'
import { POLICY_KEY } from '../../registry/layout.ts'
import { isName } from '../../registry/reference.ts'
import { quoted } from '../../shared/errors.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { DocumentIo } from '../ways/document-io.ts'
import { readCaller } from './policy-caller.ts'

interface Given {
  readonly args: { readonly repository: string }
  readonly flags: {
    readonly as: string | undefined
    readonly action: string | undefined
    readonly file: string | undefined
  }
}

const readAction = (text: string | undefined): readonly Action[] => {
  if (text === undefined) return RIGHTS
  const action = RIGHTS.find((each) => each === text)
  if (action === undefined) {
    throw new UsageError(`${quoted(text)} is not an action: expected ${RIGHTS.join(', ')}`)
  }
  return [action]
}

const readPolicy = async (
  io: DocumentIo,
  file: string | undefined,
): Promise<readonly PolicyRule[]> => {
  const text =
    file === undefined ? await readDocument(io.store, POLICY_KEY) : await io.readFile(file)
  if (text === undefined) throw new CommandError('there is no policy: try one with --file')
  return parseRules(text)
}

const inLine = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim()

const ruleText = ({ who, repositories, actions, effect }: PolicyRule): readonly string[] => [
  `    who: ${inLine(who)}`,
  `    repositories: ${inLine(repositories)}`,
  `    actions: ${inLine(actions)}`,
  ...(effect === 'deny' ? ['    effect: deny'] : []),
]

/** Says which tokens log in as a robot, or as which robots a token can log in. */
const sayRobots = async ({ store, say }: DocumentIo, identity: Identity): Promise<void> => {
  const { claims, robots } = await boundTo(store, identity)
  if (claims !== undefined) say(`Tokens log in as it that have all of: ${claims.join(' ')}`)
  for (const name of robots) {
    say(`Its bearer can log in as ${ROBOT_PREFIX}${name}, too: try --as robot:${name}`)
  }
}

/** `slipway policy test`. */
export const testPolicy = async (io: DocumentIo, { args, flags }: Given): Promise<number> => {
  const { repository } = args
  if (!isName(repository))
    throw new UsageError(`${quoted(repository)} is not a valid repository name`)
  const actions = readAction(flags.action)
  const identity = await readCaller(io, flags.as ?? 'anonymous')
  const rules = await readPolicy(io, flags.file)
  const policy = compilePolicy(rules)
  if (grantsItself(identity)) {
    io.say('The token says itself what it allows (`access`): the policy is not asked.')
  }
  await sayRobots(io, identity)
  const shown = new Set<number>()
  let denied = 0
  for (const { action, allowed, rule } of decidedBy(policy, identity, repository, actions)) {
    if (!allowed) denied++
    const why = rule === undefined ? 'no rule is about it' : `rule ${rule}`
    io.print(`${action}\t${allowed ? 'allowed' : 'denied'}\t${why}`)
    if (rule !== undefined) shown.add(rule)
  }
  io.say(`${nameOf(identity)} on ${repository}, by these rules:`)
  for (const at of [...shown].sort((a, b) => a - b)) {
    const rule = rules[at - 1]
    if (rule !== undefined) for (const line of [`  rule ${at}:`, ...ruleText(rule)]) io.say(line)
  }
  return flags.action !== undefined && denied > 0 ? 1 : 0
}
