/**
 * The policy in the store as it is at the moment.
 *
 * @module
 */

import { POLICY_KEY } from '../../registry/layout.ts'
import { type Live, type LiveOptions, liveDocument } from '../live.ts'
import { DENY_ALL, type Policy } from './policy.ts'

/** The policy in a store; {@link DENY_ALL} itself as long as there is no document. */
export const livePolicy = (options: LiveOptions): Live<Policy> =>
  liveDocument(
    POLICY_KEY,
    async (text) => {
      if (text === undefined) return DENY_ALL
      // Loaded only if there is a document: loading YAML would slow down cold starts.
      const { parsePolicy } = await import('./parse.ts')
      return parsePolicy(text)
    },
    options,
  )
