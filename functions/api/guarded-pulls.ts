/**
 * Pulls from repositories of whose images the policy requires something.
 *
 * @module
 */

import type { Caller } from '../auth/authorizer.ts'
import { nameOf } from '../auth/identity.ts'
import type { Requirement } from '../auth/policy/requirement.ts'
import type { Digest } from '../registry/reference.ts'
import type { AppContext, AppOptions } from './env.ts'
import { addressOf } from './middleware/permit.ts'

/**
 * Lets a pull continue if the image is what is required.
 *
 * @throws RegistryError GUARDED, MANIFEST_UNKNOWN
 */
export const permitImage = async (
  c: AppContext,
  { guard }: Pick<AppOptions, 'guard'>,
  required: readonly Requirement[],
  { repository, digest, caller }: { repository: string; digest: Digest; caller: Caller },
): Promise<void> => {
  if (!required.some(({ signed }) => signed !== undefined)) return
  // What holds now need not hold as long as an edge would keep it.
  c.set('guarded', true)
  if (guard === undefined) throw new TypeError('nothing here can look at guarded repositories')
  const { identity } = caller
  await (await guard()).pull(required, {
    repository,
    digest,
    identity,
    asking: { who: nameOf(identity), from: addressOf(c), requestId: c.get('requestId') },
  })
}
