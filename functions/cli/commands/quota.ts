/**
 * `slipway quota`: how many bytes repositories may have.
 *
 * @module
 */

import { readDocument } from '../../auth/document.ts'
import { QUOTAS_KEY } from '../../registry/layout.ts'
import { sayBytes } from '../../registry/quotas/bytes.ts'
import { parseQuotas } from '../../registry/quotas/parse.ts'
import { CommandError } from '../errors.ts'
import type { DocumentIo } from '../ways/document-io.ts'
import type { QuotasIo } from '../ways/quotas-io.ts'

/** A file's path, or `-` for standard input. */
interface Given {
  readonly args: { readonly file: string }
}

/** `slipway quota set`. */
export const setQuotas = async (io: DocumentIo, { args: { file } }: Given): Promise<void> => {
  const text = await io.readFile(file)
  const { all } = parseQuotas(text)
  io.say(`The document is valid and has ${all.length} ${all.length === 1 ? 'quota' : 'quotas'}.`)
  const written = await io.edit(QUOTAS_KEY, () => text)
  io.say(written ? `It is set. ${io.seen}` : 'It was set already.')
  if (written && all.length > 0) {
    io.say(
      'What a quota is new for is counted by the next clean-up, or by slipway usage --now; until then only what is pushed counts.',
    )
  }
}

/** `slipway quota show`. */
export const showQuotas = async ({ store, print }: DocumentIo): Promise<void> => {
  const text = await readDocument(store, QUOTAS_KEY)
  if (text === undefined) throw new CommandError('there are no quotas')
  print(text.replace(/\n$/, ''))
}

interface ListGiven {
  readonly flags: { readonly json: boolean }
}

const limit = (bytes: number | undefined): string => (bytes === undefined ? '-' : sayBytes(bytes))

/** `slipway quota list`. */
export const listQuotas = async (
  { quotaUse, print, say }: QuotasIo,
  { flags: { json } }: ListGiven,
): Promise<void> => {
  const all = await quotaUse()
  if (all.length === 0) throw new CommandError('there are no quotas')
  if (!json) print(['USED', 'SOFT', 'HARD', 'COUNTED', 'REPOSITORIES'].join('\t'))
  for (const quota of all) {
    const { used, soft, hard, counted, repositories } = quota
    if (json) print(JSON.stringify(quota))
    else {
      const columns = [sayBytes(used), limit(soft), limit(hard), counted ?? 'not yet', repositories]
      print(columns.join('\t'))
    }
  }
  say(
    'What was pushed since a quota was counted is added: it may be too much, never too little, until the next clean-up counts again.',
  )
  if (all.some(({ counted }) => counted === undefined)) {
    say(
      'Where nothing was counted yet, only what was pushed since is known: slipway usage --now counts.',
    )
  }
}
