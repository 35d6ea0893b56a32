/**
 * docs/clean-up.md shows what `slipway gc --json` prints, line for line, and all its exit codes.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { gc } from '../../functions/cli/commands/gc.ts'
import * as ending from '../../functions/cli/gc-ending.ts'
import { recordingIo } from '../cli/recording-io.ts'
import { createModel } from '../interleavings/model.ts'
import { blob } from '../support/hosts/content.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushImage } from '../support/rig/push.ts'

const GARBAGE = blob('garbage', 100)
const HEX = GARBAGE.sha256.slice('sha256:'.length)

const section = async (): Promise<string> => {
  const text = await readFile(new URL('../../docs/clean-up.md', import.meta.url), 'utf8')
  return text.split("## The command's output")[1]?.split('\n## ')[0] ?? ''
}

test('the example is what is printed', async () => {
  const { store, clock } = createModel({ etags: 'content', conditionalDeletes: true })
  const send = await clientOf(store)
  await pushImage(send, 'app', 'v1', [blob('kept', 200)])
  await pushAtOnce(send, 'app', GARBAGE)
  clock.now += 3 * 24 * 60 * 60_000
  const { io, printed } = recordingIo({ store, location: 's3://bucket' })
  const flags = { run: false, force: false, closed: false, release: false, json: true }
  const settings = { 'gc-grace': 48 * 60 * 60, 'undelete-days': 14 }
  expect(await gc(io, { flags, settings })).toBe(0)
  const [, example = ''] = (await section()).match(/```json\n(.*?)```/s) ?? []
  const lines = example.trim().replaceAll('GARBAGE', HEX).split('\n')
  expect(printed.map((line) => JSON.parse(line))).toEqual(lines.map((line) => JSON.parse(line)))
})

test('the table has all exit codes', async () => {
  const codes = [...(await section()).matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
  const all = Object.values(ending).filter((each) => typeof each === 'number')
  expect(codes).toEqual([0, ...all].sort((a, b) => a - b))
})
