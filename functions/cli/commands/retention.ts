/**
 * `slipway retention`: which tags are immutable, and which go with age.
 *
 * @module
 */

import { editDocument, readDocument } from '../../auth/document.ts'
import { RETENTION_KEY } from '../../registry/layout.ts'
import { parseRetention } from '../../registry/retention/parse.ts'
import type { StoreIo } from '../command.ts'
import { CommandError } from '../errors.ts'
import type { Io } from '../io.ts'

/** A file's path, or `-` for standard input. */
interface Given {
  readonly args: { readonly file: string }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** Reads and checks a file of rules. */
const readRules = async ({ readFile, say }: Io, { args: { file } }: Given): Promise<string> => {
  const text = await readFile(file)
  const { rules, immutables } = parseRetention(text)
  say(
    `The document is valid and has ${counted(immutables, 'rule')} on immutable tags and ${counted(rules.length, 'rule')} on what stays and goes.`,
  )
  return text
}

/** `slipway retention check`. */
export const checkRetention = async (io: Io, given: Given): Promise<void> => {
  await readRules(io, given)
}

/** `slipway retention set`. */
export const setRetention = async (io: StoreIo, given: Given): Promise<void> => {
  const text = await readRules(io, given)
  const written = await editDocument(io.store, RETENTION_KEY, () => text)
  io.say(written ? `It is set. ${io.seen}` : 'It was set already.')
}

/** `slipway retention show`. */
export const showRetention = async ({ store, print }: StoreIo): Promise<void> => {
  const text = await readDocument(store, RETENTION_KEY)
  if (text === undefined) throw new CommandError('there are no rules, so every tag can be moved')
  print(text.replace(/\n$/, ''))
}
