/**
 * What pushers of a soak choose by chance.
 *
 * @module
 */
import { blob, type Content } from '../support/hosts/content.ts'

/** Repositories that all share. */
export const NAMES = Array.from({ length: 12 }, (_, at) => `team/app${at}`)
/** Layers that are pushed at a time; then others come, and few of those come back. */
const CURRENT = 60
const DRIFT_MS = 1_500

/** Any of them; undefined when there is none. */
export const any = <T>(from: readonly T[]): T | undefined =>
  from[Math.floor(Math.random() * from.length)]

/** A layer that others push, too. */
export const anyLayer = (): Content => {
  const drift = Math.floor(performance.now() / DRIFT_MS)
  const old = Math.random() < 0.15
  const at = (old ? Math.random() * drift : drift + Math.random() * CURRENT) | 0
  return blob(`layer ${at}`, at % 40 === 0 ? 400_000 : 500 + (at % 30) * 1000)
}
