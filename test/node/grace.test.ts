/**
 * The time that a stop may take, in all the places that grant it.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** Seconds after the deadline for what requests that were cut clean up. */
const CLEAN_UP = 5

const GRANTED: readonly [path: string, pattern: RegExp, unit: number][] = [
  ['packaging/slipway.service', /^TimeoutStopSec=(\d+)$/m, 1],
  ['compose.yaml', /stop_grace_period: (\d+)m$/m, 60],
  ['packaging/helm/slipway/values.yaml', /^terminationGracePeriodSeconds: (\d+)$/m, 1],
  ['docs/servers.md', /--stop-timeout (\d+) slipway$/m, 1],
]
for (const [path, pattern, unit] of GRANTED) {
  test(`${path} grants more than a stop takes`, () => {
    const seconds = Number(read(path).match(pattern)?.[1]) * unit
    const [, delay = '0'] = read(path).match(/^ +stop-delay: (\d+s)$/m) ?? []
    const settings = readSettings([`--stop-delay=${delay}`], {})
    expect(seconds).toBeGreaterThan(settings['stop-delay'] + settings['stop-timeout'] + CLEAN_UP)
  })
}
