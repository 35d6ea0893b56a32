/**
 * `slipway policy test`: what a caller may do, and why.
 *
 * @module
 */

import { stringify } from 'yaml'
import { ACTIONS, type Action } from '../../auth/access.ts'
import { readBindings } from '../../auth/accounts/administer/claims.ts'
import { bindingOf } from '../../auth/accounts/bindings.ts'
import { readDocument } from '../../auth/document.ts'
import { ANONYMOUS, type Identity, nameOf, ROBOT_PREFIX, robotName } from '../../auth/identity.ts'
import { parseRules } from '../../auth/policy/parse.ts'
import { compilePolicy, decisiveRule, type Policy } from '../../auth/policy/policy.ts'
import type { PolicyRule } from '../../auth/policy/schema.ts'
import { POLICY_KEY } from '../../registry/layout.ts'
import { isName } from '../../registry/reference.ts'
import { quoted } from '../../shared/errors.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { DocumentIo } from '../ways/document-io.ts'
import { readCaller } from './policy-caller.ts'

const ALL: readonly Action[] = [...ACTIONS, 'override', 'admin', 'fetch']

interface Given {
  readonly args: { readonly repository: string }
  readonly flags: {
    readonly as: string | undefined
    readonly action: string | undefined
    readonly file: string | undefined
  }
}

const readAction = (text: string | undefined): readonly Action[] => {
  if (text === undefined) return ALL
  const action = ALL.find((each) => each === text)
  if (action === undefined) {
    throw new UsageError(`${quoted(text)} is not an action: expected ${ALL.join(', ')}`)
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

/** The rule that decides for one identity. Whoever may pull may fetch, unless a rule says otherwise. */
const decidingFor = (policy: Policy, identity: Identity, repository: string, action: Action) => {
  if (action !== 'fetch') return decisiveRule(policy, identity, repository, action)
  const pull = decisiveRule(policy, identity, repository, 'pull')
  return pull?.allow ? (decisiveRule(policy, identity, repository, 'fetch') ?? pull) : pull
}

/** Who decides for a caller: with a certificate, what anonymous callers may do is allowed, too. */
const deciding = (policy: Policy, identity: Identity, repository: string, action: Action) => {
  const own = decidingFor(policy, identity, repository, action)
  if (identity.kind !== 'certificate' || own?.allow) return own
  return decidingFor(policy, ANONYMOUS, repository, action) ?? own
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
  if (identity.kind === 'robot') {
    const claims = (await readBindings(store)).get(robotName(identity.name) ?? '')
    if (claims !== undefined) say(`Tokens log in as it that have all of: ${claims.join(' ')}`)
  }
  if (identity.kind !== 'token') return
  for (const [name, claims] of await readBindings(store)) {
    const why = bindingOf(name, claims).fault(identity.claims)
    if (why === undefined)
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
  if (identity.claims.access !== undefined && identity.kind === 'token') {
    io.say('The token says itself what it allows (`access`): the policy is not asked.')
  }
  await sayRobots(io, identity)
  const shown = new Set<number>()
  let denied = 0
  for (const action of actions) {
    const rule = deciding(policy, identity, repository, action)
    if (!rule?.allow) denied++
    const why = rule === undefined ? 'no rule is about it' : `rule ${rule.at}`
    io.print(`${action}\t${rule?.allow ? 'allowed' : 'denied'}\t${why}`)
    if (rule !== undefined) shown.add(rule.at)
  }
  io.say(`${nameOf(identity)} on ${repository}, by these rules:`)
  for (const at of [...shown].sort((a, b) => a - b)) {
    const rule = rules[at - 1]
    if (rule !== undefined) for (const line of [`  rule ${at}:`, ...ruleText(rule)]) io.say(line)
  }
  return flags.action !== undefined && denied > 0 ? 1 : 0
}
