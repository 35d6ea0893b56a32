/**
 * The policy in the store, as it is at the moment.
 *
 * @module
 */

import { POLICY_KEY } from '../../storage/keys.ts'
import { type Live, type LiveOptions, liveDocument } from '../live.ts'
import { parsePolicy } from './parse.ts'
import { DENY_ALL, type Policy } from './policy.ts'

/** The policy of a store; {@link DENY_ALL} itself while there is no document. */
export const livePolicy = (options: LiveOptions): Live<Policy> =>
  liveDocument(POLICY_KEY, (text) => (text === undefined ? DENY_ALL : parsePolicy(text)), options)
