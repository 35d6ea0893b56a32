/**
 * Writes the template that `stack.test.ts` compares with.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { SNAPSHOT, snapshotOf, synth } from './synth.ts'

writeFileSync(SNAPSHOT, JSON.stringify(snapshotOf(synth())))
