/**
 * What is asked of guarded repositories. Nothing behind it is loaded where the policy requires nothing.
 *
 * @module
 */

import type { Requirement } from '../auth/policy/requirement.ts'
import type { OfferedPush } from '../registry/push-manifest.ts'

export interface Guard {
  /**
   * Looks whether a push is what is required.
   *
   * @param required all that the policy requires of the repository
   * @throws RegistryError GUARDED
   */
  push(required: readonly Requirement[], push: OfferedPush): void
}
