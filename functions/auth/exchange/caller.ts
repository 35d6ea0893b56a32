/**
 * Who makes a request with a token of another issuer in place of a password: where there is no token endpoint.
 *
 * @module
 */

import { noteOf } from '../callers.ts'
import { type Identity, isRobot } from '../identity.ts'
import type { Note } from '../note.ts'
import { type Exchange, passwordToken, robotByToken } from './exchange.ts'

/**
 * The caller, and the note of them.
 *
 * @param name the user name; a robot's is a log-in as that robot
 * @throws AccessError as `passwordToken` and `robotByToken`
 */
export const callerByToken = async (
  { verifier, accounts }: Omit<Exchange, 'now'>,
  name: string,
  token: string,
): Promise<{ readonly identity: Identity; readonly note: Note | undefined }> => {
  const verified = await passwordToken(verifier, token)
  if (!isRobot(name)) return { identity: verified.identity, note: noteOf(verified) }
  const { identity, bound } = await robotByToken(accounts, name, verified)
  const { issuer } = verified
  return {
    identity,
    note: { by: 'account', name: identity.name, credential: bound, issuer },
  }
}
