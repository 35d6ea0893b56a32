/**
 * What a caller may do with a repository, so that nobody is offered what would be refused.
 *
 * @module
 */

import type { Action } from '../../auth/access.ts'
import type { Caller } from '../../auth/authorizer.ts'
import type { AppOptions } from '../env.ts'

/** Rights that a response names. */
export const SHOWN_RIGHTS = ['delete', 'override', 'admin'] as const satisfies readonly Action[]

/** Those of them that a caller has. */
export const rightsOf = (
  caller: Caller,
  name: string,
  { readOnly, admin }: Pick<AppOptions, 'readOnly' | 'admin'>,
): readonly Action[] =>
  SHOWN_RIGHTS.filter((right) => right !== 'admin' || admin !== undefined)
    .filter((right) => right === 'admin' || !readOnly)
    .filter((right) => caller.allows(name, right))
