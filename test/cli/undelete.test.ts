/**
 * `slipway deleted` and `slipway undelete`: what they print, and what they refuse.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { RETENTION_KEY } from '../../functions/registry/layout.ts'
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

test('a whole repository goes, is listed, and comes back', async (t) => {
  const { store, give, said } = await openDesk(t, openFiles)
  const send = await clientOf(store, { undeletes: true })
  for (const tag of ['v1', 'v2']) await pushImage(send, 'team/app', tag, [])
  const tags = async () =>
    JSON.parse((await send('GET /v2/team/app/tags/list')).body.toString()).tags
  await give('delete team/app --confirmed --undelete-days 3')
  expect(said).toEqual([
    expect.stringMatching(/^team\/app is deleted, as of 20.*Z, with 1 manifest\.$/),
    'For 3 days, "slipway undelete team/app" brings it back.',
  ])
  expect(await tags()).toEqual([])
  const line = /^20[^\t]*Z\tthe command line\tteam\/app, all of it: 1 manifest, 2 tags\tdone$/
  for (const command of ['deleted', 'deleted team/app']) {
    expect(await give(command)).toEqual([expect.stringMatching(line)])
  }
  const [json] = await give('deleted --json')
  expect(JSON.parse(json ?? '')).toMatchObject({
    repository: 'team/app',
    by: 'the command line',
    tags: 2,
    manifests: 1,
    pending: false,
  })
  await give('undelete team/app')
  expect(said).toEqual([
    expect.stringMatching(/^1 manifest and 2 tags of team\/app are back, as before 20.*Z\.$/),
  ])
  expect(await tags()).toEqual(['v1', 'v2'])
})

test('with undeleteDays 0 it does not come back', async (t) => {
  const { store, give, said } = await openDesk(t, openFiles)
  await pushImage(await clientOf(store), 'app', 'v1', [])
  await give('delete app --confirmed --undelete-days 0')
  expect(said).toHaveLength(1)
  expect(await give('deleted')).toEqual([expect.stringMatching(/: 0 manifests, 0 tags\tdone$/)])
  await give('undelete app')
  expect(said).toEqual([
    expect.stringMatching(/^Nothing of app is to be brought back: .*not put on record/),
  ])
})

test('immutable tags keep a repository, without --override', async (t) => {
  const { store, give, said } = await openDesk(t, openFiles)
  const { sha256 } = await pushImage(await clientOf(store), 'app', 'v1', [])
  const rules = { version: 1, immutable: [{ repositories: ['app'] }] }
  await store.put(RETENTION_KEY, Buffer.from(JSON.stringify(rules)))
  await expect(give('delete app --confirmed')).rejects.toThrow(/the tag v1 of app is immutable/)
  await give('delete app --confirmed --override')
  expect(said[0]).toBe(`The immutable tag v1 at ${sha256} is deleted.`)
})

test('where nothing is on record', async (t) => {
  const { give, said, printed } = await openDesk(t, openFiles)
  await give('deleted app')
  expect([said.at(-1), printed]).toEqual(['No delete in app is on record.', []])
  await give('deleted')
  expect([said.at(-1), printed]).toEqual(['No delete of a whole repository is on record.', []])
})

test.each([
  ['undelete app', /app cannot come back as a whole: no delete of it is on record/],
  ['undelete App', /invalid repository name "App"/],
  ['delete none --confirmed', /there is no repository none/],
  ['delete app', /nobody can confirm it here: --confirmed deletes app/],
  ['deleted app other', /one repository at a time/],
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
