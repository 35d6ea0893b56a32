/**
 * What is asked of guarded repositories. Nothing behind it is loaded where the policy requires nothing.
 *
 * @module
 */

import type { AuditEvent } from '../auth/audit.ts'
import type { Identity } from '../auth/identity.ts'
import type { Requirement } from '../auth/policy/requirement.ts'
import type { OfferedPush } from '../registry/push-manifest.ts'
import type { Digest } from '../registry/reference.ts'

/** Who asks, for the audit trail. */
export type Asking = Pick<AuditEvent, 'who' | 'from' | 'requestId'>

/** A manifest that somebody wants to have, or to hear of. */
export interface WantedPull {
  readonly repository: string
  readonly digest: Digest
  readonly identity: Identity
  readonly asking: Asking
}

export interface Guard {
  /**
   * Looks whether a push is what is required.
   *
   * @param required all that the policy requires of the repository
   * @throws RegistryError GUARDED
   */
  push(required: readonly Requirement[], push: OfferedPush): void
  /**
   * Looks whether a manifest may be pulled. For one that is remembered no operation; see `VALID_FOR`.
   *
   * @throws RegistryError GUARDED, MANIFEST_UNKNOWN
   */
  pull(required: readonly Requirement[], pull: WantedPull): Promise<void>
}
