/**
 * Which clients meet which set-ups, ways to log in and gateways: a covering set, since all pairs take
 * twice as long and most of them run the same code. `SLIPWAY_PAIRS=all` (`.ci/long clients`) has all.
 *
 * What a pair can find is in one of these, so each of them is there at least twice, with different
 * clients:
 *
 * - how a client sends bytes, with how a store takes them: a PATCH of known length (crane, skopeo), of
 *   unknown length (docker, podman, buildah), a PUT (ctr, oras), chunks (regctl), each onto files and,
 *   with the full image, into S3, where large layers are put together from parts;
 * - how a client reads: every client follows redirects to S3, but for buildah, which is podman's
 *   library; those that resume (docker, ctr) do it at the file store, at S3 and through the registry;
 * - how a client's library shows who it is: all of them with tokens, and with Basic one of each library
 *   (podman's is skopeo's);
 * - what only some clients look at in a response that a gateway changed: the length of a HEAD (docker,
 *   ctr, oras), the challenge (all).
 *
 * Pairs that found a fault stay: docker without an account where there are no tokens, ctr where a
 * request is refused early, oras where a HEAD has no length, ranges of docker and ctr on redirects.
 *
 * @module
 */

import type { GATEWAYS } from '../../emulators/gateway/habits.ts'
import { type SetupName, setupNames } from '../../support/live/setups.ts'
import type { ImageName } from './image.ts'

/** Whether every client meets everything. */
const all = process.env.SLIPWAY_PAIRS === 'all'

/** The set-ups that a client meets, and with which image. */
export type Sizes = Readonly<Partial<Record<SetupName, ImageName>>>

/** By the names of the suites. */
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

/** The full image where bytes take different ways. */
const EVERYWHERE: Sizes = { file: 'full', 's3-redirect': 'full', 's3-direct': 'small' }

/** What a client's suite runs on. */
export const setupsOf = (suite: SuiteName): readonly (readonly [SetupName, ImageName])[] => {
  const covering: Sizes = COVERING[suite]
  const sizes = all ? { ...EVERYWHERE, ...covering } : covering
  return setupNames.flatMap((name) => (sizes[name] ? [[name, sizes[name]] as const] : []))
}

/** How clients show who they are, and which of them do it so. */
export const logsIn = (client: string, auth: 'token' | 'basic'): boolean =>
  all || auth === 'token' || client !== 'podman'

/**
 * The clients that meet a gateway. That which changes least has been met by those that large layers are
 * refused to (gateway-large.suite.ts); `path decoded` is met by the others in Lambda's own runtime
 * (test/aws/runtime.suite.ts).
 */
const AT_GATEWAYS: Readonly<Record<keyof typeof GATEWAYS, RegExp>> = {
  'length kept': /^crane$/,
  'path decoded, length counted, challenge renamed': /^(docker|podman|ctr|regctl)$/,
  'length zero, challenge renamed': /./,
}

/** Whether a client meets a gateway, by its name in GATEWAYS. */
export const meets = (client: string, gateway: string): boolean =>
  all || AT_GATEWAYS[gateway as keyof typeof GATEWAYS].test(client)
