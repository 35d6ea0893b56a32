/** When rules run again. */

import { expect, test } from 'vitest'
import type { LastRun } from '../../../functions/cli/mirror/state.ts'
import { dueOf } from '../../../functions/cli/mirror/watch.ts'

const NOW = 1_700_000_000_000
const MINUTE = 60_000

const last = (parts: Partial<LastRun>): LastRun => ({
  ...{ began: NOW - MINUTE, ended: NOW, copied: 0, there: 0, deleted: 0, failed: 0, failures: [] },
  ...{ stopped: false, away: 0 },
  ...parts,
})

test.for<readonly [what: string, last: LastRun | undefined, left: number]>([
  ['a rule that has never run: now', undefined, 0],
  ['after its time, from when it began', last({}), 14 * MINUTE],
  ['a run that took longer: now', last({ began: NOW - 20 * MINUTE }), -5 * MINUTE],
  ['an image that fails stays so', last({ failed: 1 }), 14 * MINUTE],
  ['a server that is away', last({ failed: 1, away: 1 }), 15_000],
  ['and is again', last({ failed: 1, away: 3 }), MINUTE],
  ['and has been for long', last({ failed: 1, away: 90 }), 15 * MINUTE],
  ['one that says when', last({ failed: 1, away: 1, after: NOW + 60 * MINUTE }), 60 * MINUTE],
  ['a run that was ended: now', last({ stopped: true }), 0],
  ['a clock that was put back', last({ began: NOW + 9e9, ended: NOW + 9e9 }), 15 * MINUTE],
])('%s', ([, run, left]) => {
  expect(dueOf({ every: 15 * MINUTE }, run, NOW) - NOW).toBe(left)
})
