/**
 * Guarded repositories: what their images must be to be pushed, and to be pulled.
 *
 * @module
 */

import { type Access, formatScope } from '../auth/access.ts'
import type { Audit } from '../auth/audit.ts'
import type { Requirement } from '../auth/policy/requirement.ts'
import { RegistryError } from '../registry/errors.ts'
import type { OfferedPush } from '../registry/push-manifest.ts'
import type { Asking, Guard } from './door.ts'
import { plainLayer } from './encrypted.ts'
import { createVerdict, type VerdictParts } from './signed/verdict.ts'

export interface GuardParts extends VerdictParts {
  readonly audit: Audit
  /** Is told of what does not hold. Default: nobody is. */
  readonly watch?: ((action: 'push' | 'pull', outcome: 'refused' | 'reported') => void) | undefined
}

const HOW_TO_ENCRYPT =
  'encrypt the image, as skopeo copy --encryption-key jwe:public.pem and buildah push --encryption-key do'

const HOW_TO_SIGN = 'sign it, as cosign sign --key does, with a key that the policy names'

const askingOf = ({ origin }: OfferedPush): Asking => {
  const { who, request } = origin ?? {}
  return {
    ...(who === undefined ? {} : { who }),
    ...(request?.addr === undefined ? {} : { from: request.addr }),
    ...(request === undefined ? {} : { requestId: request.id }),
  }
}

/** Opens it. Nothing is read from the store yet. */
export const openGuard = ({ audit, watch, ...parts }: GuardParts): Guard => {
  const { manifests } = parts.registry
  const verdict = createVerdict(parts)

  /** What does not hold is refused, or only reported where the policy says so. */
  const hold = (
    { effect, at }: Requirement,
    action: 'push' | 'pull',
    { repository, digest }: Pick<OfferedPush, 'repository' | 'digest'>,
    why: string,
    asking: Asking,
  ): void => {
    const refuses = effect === 'refuse'
    const access: Access = { type: 'repository', name: repository, actions: [action] }
    watch?.(action, refuses ? 'refused' : 'reported')
    audit({
      ...asking,
      event: 'guard',
      what: `${formatScope(access)} ${digest}`,
      outcome: refuses ? 'failed' : 'ok',
      why: refuses ? why : `would be refused: ${why}`,
    })
    if (!refuses) return
    throw new RegistryError('GUARDED', why, { detail: { name: repository, require: at } })
  }

  return {
    push(required, push) {
      const { repository, manifest } = push
      const wanted = required.filter(({ encrypted }) => encrypted)
      const plain = wanted.length === 0 ? undefined : plainLayer(manifest)
      if (plain === undefined) return
      const { at, of, layer, why } = plain
      const text = `the repository ${repository} takes only encrypted images: layer ${at} of ${of}, ${layer.digest}, ${why}: ${HOW_TO_ENCRYPT}`
      for (const each of wanted) hold(each, 'push', push, text, askingOf(push))
    },

    async pull(required, pull) {
      const { repository, digest, identity, asking } = pull
      const wanted = required.filter(
        (each) =>
          each.signed !== undefined &&
          !each.signed.excepts(identity) &&
          !verdict.remembers(each, repository, digest),
      )
      if (wanted.length === 0) return
      const stored = await manifests.get(repository, digest)
      if (await verdict.isAbout(repository, stored)) return
      for (const each of wanted) {
        const unsigned = await verdict.of(each, repository, stored)
        if (unsigned === undefined) continue
        const { others } = unsigned
        const has =
          others === 0 ? 'no signature' : `no valid signature by these, but ${others} of others`
        const text = `the repository ${repository} gives only images that are signed by those whom its policy names: ${digest} has ${has}: ${HOW_TO_SIGN}`
        hold(each, 'pull', pull, text, asking)
      }
    },
  }
}
