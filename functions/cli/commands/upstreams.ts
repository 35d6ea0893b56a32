/**
 * `slipway upstreams`: other registries, whose images are had from here.
 *
 * @module
 */

import { readDocument } from '../../auth/document.ts'
import { UPSTREAMS_KEY } from '../../registry/layout.ts'
import { parseUpstreams } from '../../upstreams/parse.ts'
import { CommandError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { DocumentIo } from '../ways/document-io.ts'

/** A file's path, or `-` for standard input. */
interface Given {
  readonly args: { readonly file: string }
}

const read = async ({ readFile, say }: Io, { args: { file } }: Given): Promise<string> => {
  const text = await readFile(file)
  const { length } = parseUpstreams(text)
  say(`The document is valid and has ${length} ${length === 1 ? 'upstream' : 'upstreams'}.`)
  return text
}

/** `slipway upstreams check`. */
export const checkUpstreams = async (io: Io, given: Given): Promise<void> => {
  await read(io, given)
}

/** `slipway upstreams set`. */
export const setUpstreams = async (io: DocumentIo, given: Given): Promise<void> => {
  const text = await read(io, given)
  const written = await io.edit(UPSTREAMS_KEY, () => text)
  io.say(written ? `It is set. ${io.seen}` : 'It was set already.')
}

/** `slipway upstreams show`. */
export const showUpstreams = async ({ store, print }: DocumentIo): Promise<void> => {
  const text = await readDocument(store, UPSTREAMS_KEY)
  if (text === undefined) throw new CommandError('there are no upstreams')
  print(text.replace(/\n$/, ''))
}
