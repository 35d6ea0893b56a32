/**
 * The command `slipway gc --run --force` on a store that is open.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { gc } from '../../../functions/cli/commands/gc.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { recordingIo } from '../../cli/recording-io.ts'

/** Runs it. @returns the steps that were done, by name */
export const runGc = async (store: ObjectStore, location: string): Promise<string[]> => {
  const { io, printed, said } = recordingIo({ store, location })
  const flags = { run: true, force: true, closed: false, release: false, json: false }
  const settings = { 'gc-grace': 48 * 60 * 60, 'undelete-days': 7 }
  const code = await gc(io, { flags, settings } as Parameters<typeof gc>[1])
  assert.equal(code, 0, said.join('\n'))
  return printed.map((line) => line.split('\t')[0] ?? '')
}
