/**
 * Whose pulls are recorded, and how: a server notes them in memory, a function in its log.
 *
 * @module
 */

import type { PullSeen, RequestLogger } from '../api/env.ts'
import { LOGGED_FOR } from '../registry/pulls/bounds.ts'
import { createPullRecorder, type PullRecorder } from '../registry/pulls/recorder.ts'
import { createSeenPulls } from '../registry/pulls/seen.ts'
import { matchTokens, wildcardTokens } from '../shared/glob.ts'
import type { Settings } from './settings.ts'

/** Leaves out those that are not to be recorded. */
const except = (names: readonly string[], pulled: PullRecorder['pulled']): PullSeen => {
  // A name may have slashes.
  const patterns = names.map((name) => wildcardTokens(name.replaceAll(/\*+/g, '**')))
  return (repository, digest, who) => {
    if (!patterns.some((tokens) => matchTokens(tokens, who))) pulled(repository, digest)
  }
}

/** What a server does. */
export interface ServerPulls {
  readonly recorder: PullRecorder
  readonly pulled: PullSeen
}

/** For a server. Undefined where pulls are not recorded. */
export const serverPulls = (
  settings: Pick<Settings, 'pulls' | 'pulls-except'>,
): ServerPulls | undefined => {
  if (!settings.pulls) return undefined
  const recorder = createPullRecorder()
  return { recorder, pulled: except(settings['pulls-except'], recorder.pulled) }
}

/**
 * For a function, which does nothing after a response: a line in its log for each pull, `pulled`, unless it has
 * logged the same one within {@link LOGGED_FOR}.
 *
 * @param nobody whose pulls are left out
 * @param now clock in milliseconds
 */
export const loggedPulls = (
  nobody: readonly string[],
  logger: RequestLogger,
  now: () => number = Date.now,
): PullSeen => {
  const seen = createSeenPulls(now)
  return except(nobody, (repository, digest) => {
    if (seen.has(repository, digest)) return
    seen.add(repository, digest, now() + LOGGED_FOR)
    logger.info({ pulled: { repository, digest } }, 'pulled')
  })
}
