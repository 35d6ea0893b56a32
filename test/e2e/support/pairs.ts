/**
 * Which clients meet which set-ups, ways to log in and gateways: a covering set, since all pairs take
 * twice as long and most of them run the same code. `SLIPWAY_PAIRS=all` (`.ci/long clients`) has all.
 *
 * Every fault that a pair can reveal is in one of these combinations, and each of them occurs at least
 * twice, with different clients:
 *
 * - how a client sends bytes, with how a store takes them: a PATCH of known length (crane, skopeo), of
 *   unknown length (docker, podman, buildah), a PUT (ctr, docker29, oras), chunks (regctl), each onto files and,
 *   with the full image, into S3, where large layers are put together from parts;
 * - how a client reads: every client follows redirects to S3, except buildah, which shares podman's
 *   library; those that resume (docker, ctr) do so at the file store, at S3 and through the registry;
 * - how a client's library authenticates: all clients with tokens, and one of each library with Basic
 *   credentials (podman's library is skopeo's, docker29's is ctr's);
 * - what clients read in a response that a gateway has changed: the length in a HEAD (docker, ctr, oras),
 *   the challenge (all).
 *
 * Pairs that found a fault stay: docker anonymously with Basic authentication, ctr where a request is
 * rejected early, oras where a HEAD has no length, ranges of docker and ctr after redirects.
 *
 * @module
 */

import type { GATEWAYS } from '../../emulators/gateway/habits.ts'
import { type SetupName, setupNames } from '../../support/live/setups.ts'
import type { ImageName } from './image.ts'

/** Whether to run all pairs. */
const all = process.env.SLIPWAY_PAIRS === 'all'

/** The set-ups that a client is tested on, and the image for each. */
export type Sizes = Readonly<Partial<Record<SetupName, ImageName>>>

/** By client, or suite. */
const COVERING = {
  docker: { file: 'small', 's3-redirect': 'full', 's3-direct': 'small' },
  podman: { file: 'medium', 's3-redirect': 'small' },
  buildah: { 's3-direct': 'small' },
  skopeo: { file: 'small', 's3-redirect': 'full' },
  crane: { file: 'full', 's3-redirect': 'small', 's3-direct': 'small' },
  ctr: { file: 'full', 's3-redirect': 'small', 's3-direct': 'small' },
  oras: { file: 'small', 's3-redirect': 'full' },
  regctl: { file: 'small', 's3-redirect': 'small', 's3-direct': 'full' },
  together: { file: 'small', 's3-redirect': 'full' },
} as const satisfies Readonly<Record<string, Sizes>>

export type SuiteName = keyof typeof COVERING

/** The images for all pairs: the full one where the bytes take different paths. */
const EVERYWHERE: Sizes = { file: 'full', 's3-redirect': 'full', 's3-direct': 'small' }

/** The set-ups of a suite, with the image for each. */
export const setupsOf = (suite: SuiteName): readonly (readonly [SetupName, ImageName])[] => {
  const covering: Sizes = COVERING[suite]
  const sizes = all ? { ...EVERYWHERE, ...covering } : covering
  return setupNames.flatMap((name) => (sizes[name] ? [[name, sizes[name]] as const] : []))
}

/** Whether a client is tested with this way to authenticate. */
export const logsIn = (client: string, auth: 'token' | 'basic'): boolean =>
  all || auth === 'token' || !/^(podman|docker29)$/.test(client)

/**
 * The clients that are tested behind each gateway. gateway-large.suite.ts has all of them behind the one
 * that changes least, and test/aws/runtime.suite.ts the others behind the one that decodes paths.
 */
const AT_GATEWAYS: Readonly<Record<keyof typeof GATEWAYS, RegExp>> = {
  'length kept': /^crane$/,
  'path decoded, length counted, challenge renamed': /^(docker|podman|ctr|regctl)$/,
  'length zero, challenge renamed': /./,
}

/** Whether a client is tested behind a gateway, by its name in GATEWAYS. */
export const meets = (client: string, gateway: string): boolean =>
  all || AT_GATEWAYS[gateway as keyof typeof GATEWAYS].test(client)
