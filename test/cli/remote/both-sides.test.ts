/**
 * Commands print the same on a store and from afar.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeDocuments } from '../../access/rig.ts'
import { openFiles } from '../../support/rig/stores.ts'
import { type Desk, openDesk } from '../desk.ts'
import { DOCUMENTS, type Served, serveFor } from './sides.ts'

const FILES = {
  policy: `version: 1
rules:
  - who: ['user:root']
    repositories: ['**']
    actions: ['*', admin] # stays
`,
  noRules: 'version: 1\nrules: []\n',
  retention: "version: 1\nimmutable:\n  - repositories: ['**']\n    tags: ['v*']\n",
  quotas: 'version: 1\nquotas:\n  - repositories: [team/**]\n    hard: 50 GB\n',
  wrong: 'version: 1\nquotas: 5\n',
}

/** Commands, one after the other, which leave each side as it was. */
const LINES = [
  'policy show',
  'policy set policy',
  'policy set policy',
  'policy show',
  'policy log',
  'changes',
  'issuers show',
  'retention show',
  'retention set retention',
  'retention show',
  'retention set wrong',
  'quota show',
  'quota set quotas',
  'quota set quotas',
  'quota show',
  'quota set wrong',
] as const

const ends: (() => unknown)[] = []
const ending = { onTestFinished: (end: () => unknown) => void ends.unshift(end) } as Parameters<
  typeof openDesk
>[0]
let served: Served
let here: Desk
let afar: Desk

beforeAll(async () => {
  served = await serveFor(ending)
  afar = await served.desk()
  here = await openDesk(ending, openFiles)
  await writeDocuments(here.store, DOCUMENTS, Date.now())
  for (const desk of [here, afar]) Object.assign(desk.files, FILES)
})

afterAll(async () => {
  for (const end of ends) await end()
})

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g

/** What a command printed and said, or why it failed, without times and whoever gave it. */
const outcome = async (desk: Desk, line: string) => {
  const plain = (text: string): string =>
    text.replaceAll(TIME, 'TIME').replaceAll(/\balice@laptop\b|\b(?:user:)?root\b/g, 'WHO')
  try {
    const printed = (await desk.give(line)).map(plain)
    return { printed, said: desk.said.map(plain), code: desk.code }
  } catch (error) {
    return { error: plain(String(error)) }
  }
}

describe('the same on a store and from afar', () => {
  test.each(LINES)('slipway %s', async (line) => {
    const expected = await outcome(here, line)
    expect(await outcome(afar, line)).toEqual(expected)
  })
})
