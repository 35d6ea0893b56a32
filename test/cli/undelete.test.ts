/**
 * `slipway deleted` and `slipway undelete`: what they print, and what they refuse.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { clientOf, expectStatus } from '../support/rig/client.ts'
import { pushImage } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'
import { openDesk } from './desk.ts'

const AT = Date.UTC(2026, 0, 2, 3, 4, 5)
const TIME = '2026-01-02T03:04:05.000Z'

test('a tag and a manifest go, are listed, and come back', async (t) => {
  const { store, give, said } = await openDesk(t, openFiles)
  const send = await clientOf(store, { undeletes: true, now: () => AT })
  const { sha256 } = await pushImage(send, 'team/app', 'v1', [])
  await pushImage(send, 'team/app', 'v2', [])
  await expectStatus(202, send('DELETE /v2/team/app/manifests/v2'))

  const who = 'anonymous'
  expect(await give('deleted team/app')).toEqual([`${TIME}\t${who}\tv2\tgone, was ${sha256}`])
  expect((await give('deleted team/app --json')).map((line) => JSON.parse(line))).toEqual([
    { at: TIME, by: who, tag: 'v2', digest: sha256, isThere: false },
  ])
  await give('undelete team/app:v2')
  expect(said).toEqual([`The tag v2 points at ${sha256} again.`])
  expect(await give('deleted team/app')).toEqual([`${TIME}\t${who}\tv2\tis there now`])

  const later = await clientOf(store, { undeletes: true, now: () => AT + 1000 })
  await expectStatus(202, later(`DELETE /v2/team/app/manifests/${sha256}`))
  expect((await give('deleted team/app'))[0]).toBe(
    `2026-01-02T03:04:06.000Z\t${who}\t${sha256} with 2 tags\tgone`,
  )
  await give(`undelete team/app@${sha256}`)
  expect(said).toEqual([
    `The manifest ${sha256} is back.`,
    `The tag v1 points at ${sha256} again.`,
    `The tag v2 points at ${sha256} again.`,
  ])
  await give(`undelete team/app@${sha256}`)
  expect(said).toEqual([
    'The tag v1 is there: it was left as it is.',
    'The tag v2 is there: it was left as it is.',
  ])
})

test('where nothing is on record', async (t) => {
  const { give, said, printed } = await openDesk(t, openFiles)
  await give('deleted app')
  expect([said.at(-1), printed]).toEqual(['No delete in app is on record.', []])
})

test.each([
  ['undelete app', /"app" has neither a tag nor a digest: expected REPO:TAG or REPO@DIGEST/],
  ['undelete App:v1', /invalid repository name "App"/],
  ['undelete app:-', /invalid tag "-"/],
  ['undelete app@sha256:12', /invalid digest/],
  ['undelete app:v1', /v1 of app cannot come back: no delete of it is on record/],
  ['deleted App', /invalid repository name "App"/],
])('%s is refused', async (line, why) => {
  await expect(
    openDesk({ onTestFinished: () => {} } as never, openFiles).then(({ give }) => give(line)),
  ).rejects.toThrow(why)
})
