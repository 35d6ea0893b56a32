/**
 * Looks at a registry that is wrong with the one check that must say so.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { CHECKS } from '../../../functions/cli/smoke/checks.ts'
import { runChecks } from '../../../functions/cli/smoke/run.ts'
import { CONTAINERD, DOCKER } from '../../../functions/cli/smoke/session.ts'
import { type Distortion, startDistorting } from './distort.ts'
import type { Subject } from './subjects.ts'
import { START, type Wrong } from './wrongs/changes.ts'

/** What was found. */
export interface Found {
  readonly verdict: string | undefined
  /** What was printed. */
  readonly printed: string
}

/** The result of one check. @param pushHost as with `--push-host` */
export const look = async (
  subject: Subject,
  origin: string,
  id: string,
  pushHost?: string,
): Promise<Found> => {
  const checks = CHECKS.filter((check) => check.id === id)
  assert.equal(checks.length, 1, `there is no check ${id}`)
  const printed: string[] = []
  const [result] = await runChecks({ ...subject, origin, pushHost }, checks, (line) =>
    printed.push(line),
  )
  return { verdict: result?.verdict, printed: printed.join('\n') }
}

/** Sends the uploads of clients that follow to another host. */
const sendingTo = (host: string, { request, answer }: Distortion): Distortion => ({
  ...(request && { request }),
  answer: (asked, passed) => {
    const changed = answer ? answer(asked, passed) : passed
    const [agent = ''] = asked.headers['user-agent'] ?? []
    const location = changed?.headers.location
    if (!(START(asked) && [DOCKER, CONTAINERD].includes(agent) && changed)) return changed
    if (typeof location !== 'string' || !location.startsWith('/')) return changed
    return { ...changed, headers: { ...changed.headers, location: host + location } }
  },
})

/** Looks through a proxy that is wrong, or at a registry with an upload host of which one is wrong. */
export const lookThrough = async (
  subject: Subject,
  { check, distortion, upload }: Pick<Wrong, 'check' | 'distortion' | 'upload'>,
  named: (uploadHost: string) => string | undefined = () => undefined,
): Promise<Found> => {
  const other = upload && (await startDistorting(subject.origin, upload))
  const front = other ? sendingTo(other.origin, distortion) : distortion
  const proxy = await startDistorting(subject.origin, front)
  try {
    return await look(subject, proxy.origin, check, other && named(other.origin))
  } finally {
    await proxy.stop()
    await other?.stop()
  }
}
