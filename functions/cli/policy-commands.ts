/**
 * `slipway policy`.
 *
 * @module
 */

import { editDocument, readDocument } from '../auth/document.ts'
import { parsePolicy } from '../auth/policy/parse.ts'
import { SettingsError } from '../compose/errors.ts'
import { POLICY_KEY } from '../registry/layout.ts'
import { type CommandContext, expectWords, SEEN_WITHIN } from './command.ts'

/** What the first user is given: whoever has an account may do everything. */
export const STARTER_POLICY = `# The first rule that matches caller, repository and action decides; without one it is denied.
version: 1
rules:
  - who: [authenticated]
    repositories: ['**']
    actions: ['*']
`

/** Reads and checks a policy file. */
const readPolicy = async ({ readFile, say }: CommandContext, path: string): Promise<string> => {
  const text = await readFile(path)
  const { rules } = parsePolicy(text)
  say(`The policy is valid and has ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}.`)
  return text
}

/** `slipway policy check|set|show`. */
export const policyCommand = async (
  context: CommandContext,
  [verb, ...words]: readonly string[],
): Promise<void> => {
  const { store, print, say } = context
  const path = words[0] ?? ''
  if (verb === 'check' || verb === 'set') {
    expectWords(`policy ${verb} <file>`, words, 1)
    const text = await readPolicy(context, path)
    if (verb === 'check') return
    const written = await editDocument(store, POLICY_KEY, () => text)
    return say(written ? `It is set. ${SEEN_WITHIN}` : 'It was set already.')
  }
  if (verb !== 'show') throw new SettingsError('usage: slipway policy check|set|show')
  expectWords('policy show', words, 0)
  const text = await readDocument(store, POLICY_KEY)
  if (text === undefined) {
    throw new SettingsError('there is no policy, so nobody with an account may do anything')
  }
  print(text.replace(/\n$/, ''))
}
