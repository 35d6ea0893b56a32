/**
 * Callers as the command line names them.
 *
 * @module
 */

import { decodeJwt } from 'jose'
import { type Identity, isJwt } from '../../auth/identity.ts'
import { byClaims, CALLERS, readCaller as readNamed } from '../../auth/policy/caller.ts'
import { splitAt } from '../../auth/policy/subject.ts'
import { onAccounts } from '../accounts.ts'
import { UsageError } from '../errors.ts'
import type { DocumentIo } from '../ways/document-io.ts'

const EXPECTED = `${CALLERS} or claims:FILE`

/** The claims in a file: those of a token, of which nothing is verified, or an object in JSON. */
const claimsIn = (text: string, path: string): Readonly<Record<string, unknown>> => {
  const trimmed = text.trim()
  try {
    const claims: unknown = isJwt(trimmed) ? decodeJwt(trimmed) : JSON.parse(trimmed)
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) {
      return { ...claims }
    }
  } catch {
    // Neither is what it is.
  }
  throw new UsageError(`${path} has neither a token nor its claims as a JSON object`)
}

/**
 * Reads who a caller is.
 *
 * @throws UsageError naming the forms
 */
export const readCaller = async (io: DocumentIo, text: string): Promise<Identity> => {
  const [kind, name = ''] = splitAt(text, ':')
  if (kind === 'claims' && name !== '') return byClaims(claimsIn(await io.readFile(name), name))
  return onAccounts({ absent: 'user list' }, () => readNamed(io.store, text, EXPECTED))
}
