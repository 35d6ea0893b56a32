/**
 * `slipway policy`: who may do what.
 *
 * @module
 */

import { lastChange } from '../../auth/changes.ts'
import { readDocument } from '../../auth/document.ts'
import { parsePolicy } from '../../auth/policy/parse.ts'
import { POLICY_KEY } from '../../registry/layout.ts'
import { CommandError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { DocumentIo } from '../ways/document-io.ts'

/** A file's path, or `-` for standard input. */
interface Given {
  readonly args: { readonly file: string }
}

/** What is written with the first user: every account may do everything. */
export const STARTER_POLICY = `# The first rule that matches caller, repository and action decides; without one it is denied.
version: 1
rules:
  - who: [authenticated]
    repositories: ['**']
    actions: ['*']
`

/** Reads and checks a policy file. */
const readPolicy = async ({ readFile, say }: Io, { args: { file } }: Given) => {
  const text = await readFile(file)
  const policy = parsePolicy(text)
  const { rules } = policy
  say(`The policy is valid and has ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}.`)
  return { text, policy }
}

/** `slipway policy check`. */
export const checkPolicy = async (io: Io, given: Given): Promise<void> => {
  await readPolicy(io, given)
}

/** `slipway policy set`. */
export const setPolicy = async (io: DocumentIo, given: Given): Promise<void> => {
  const { text, policy } = await readPolicy(io, given)
  const write = () => io.edit(POLICY_KEY, () => text)
  const written = await io.keepInStep(policy, write)
  for (const note of await io.policyNotes(policy)) io.say(note)
  io.say(written ? `It is set. ${io.seen}` : 'It was set already.')
}

/** `slipway policy show`. */
export const showPolicy = async ({ store, changes, print, say }: DocumentIo): Promise<void> => {
  const text = await readDocument(store, POLICY_KEY)
  if (text === undefined) {
    throw new CommandError('there is no policy, so accounts may do nothing')
  }
  print(text.replace(/\n$/, ''))
  const change = lastChange(await changes().catch(() => []), POLICY_KEY, text)
  if (change !== undefined) say(`${change.by} set it at ${change.at}.`)
}
