/**
 * Guarded repositories: what their images must be to be pushed.
 *
 * @module
 */

import { type Access, formatScope } from '../auth/access.ts'
import type { Audit, AuditEvent } from '../auth/audit.ts'
import type { Requirement } from '../auth/policy/requirement.ts'
import { RegistryError } from '../registry/errors.ts'
import type { Guard } from './door.ts'
import { plainLayer } from './encrypted.ts'

export interface GuardParts {
  readonly audit: Audit
}

const HOW_TO_ENCRYPT =
  'encrypt the image, as skopeo copy --encryption-key jwe:public.pem and buildah push --encryption-key do'

/** Who asks, for the audit trail. */
type Asking = Pick<AuditEvent, 'who' | 'from' | 'requestId'>

/** Opens it. */
export const openGuard = ({ audit }: GuardParts): Guard => {
  /** What does not hold is refused, or only reported where the policy says so. */
  const hold = (
    { effect, at }: Requirement,
    access: Access,
    what: string,
    why: string,
    asking: Asking,
  ): void => {
    const refuses = effect === 'refuse'
    audit({
      ...asking,
      event: 'guard',
      what: `${formatScope(access)} ${what}`,
      outcome: refuses ? 'failed' : 'ok',
      why: refuses ? why : `would be refused: ${why}`,
    })
    if (!refuses) return
    throw new RegistryError('GUARDED', why, { detail: { name: access.name, require: at } })
  }

  return {
    push(required, { repository, digest, manifest, origin }) {
      const plain = plainLayer(manifest)
      if (plain === undefined) return
      const access: Access = { type: 'repository', name: repository, actions: ['push'] }
      const { who, request } = origin ?? {}
      const asking = {
        ...(who === undefined ? {} : { who }),
        ...(request?.addr === undefined ? {} : { from: request.addr }),
        ...(request === undefined ? {} : { requestId: request.id }),
      }
      const { at, of, layer, why } = plain
      const text = `the repository ${repository} takes only encrypted images: layer ${at} of ${of}, ${layer.digest}, ${why}: ${HOW_TO_ENCRYPT}`
      for (const each of required) if (each.encrypted) hold(each, access, digest, text, asking)
    },
  }
}
