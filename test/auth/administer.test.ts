/**
 * Changes of accounts whose process dies after any of its calls of the store: nothing is half there, and the same change
 * again comes to the same end.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { bind } from '../../functions/auth/accounts/administer/claims.ts'
import { AccountError } from '../../functions/auth/accounts/administer/errors.ts'
import { addMembers } from '../../functions/auth/accounts/administer/groups.ts'
import { addRobot, removeRobot } from '../../functions/auth/accounts/administer/robots.ts'
import { removeUser, setPassword } from '../../functions/auth/accounts/administer/users.ts'
import { formatBindings } from '../../functions/auth/accounts/bindings.ts'
import { formatRobots } from '../../functions/auth/accounts/robots.ts'
import { readChanges } from '../../functions/auth/changes.ts'
import { type Edit, readDocument } from '../../functions/auth/document.ts'
import { notedEdit } from '../../functions/auth/noted-edit.ts'
import { OUTBOX } from '../../functions/events/record.ts'
import { createRecorder } from '../../functions/events/recorder.ts'
import {
  GROUPS_KEY,
  HTPASSWD_KEY,
  ROBOT_CLAIMS_KEY,
  ROBOTS_KEY,
} from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { intercept } from '../support/rig/intercept.ts'
import { openFiles } from '../support/rig/stores.ts'
import { write } from './harness.ts'

const CLAIMS = ['iss=x', 'sub=y']
const DEAD = new Error('the process is dead')

/** Edits of a store, noted and told of. */
const editing = (store: ObjectStore): Edit => {
  const wanted = { wants: () => true, references: false }
  const recorder = createRecorder({ store, wanted, now: Date.now })
  return notedEdit({
    store,
    by: 'user:root',
    now: Date.now,
    begin: () => recorder.begin(undefined, { actor: 'root' }),
    unnoted: (error) => {
      throw error
    },
  })
}

/** Each change, on a store with a user and a robot of each kind. */
const CHANGES: Readonly<Record<string, (store: ObjectStore, edit: Edit) => Promise<unknown>>> = {
  'a user is added': (store, edit) =>
    setPassword({ store, edit, name: 'new', expect: () => {}, newHash: async () => 'hash' }),
  'a user is removed': (_, edit) => removeUser(edit, 'ann'),
  'a robot is added, of whose name another was bound': (store, edit) =>
    addRobot(store, edit, 'left', []),
  'a robot is removed': (_, edit) => removeRobot(edit, 'ci'),
  'a robot is bound': (store, edit) => bind(store, edit, 'ci', ['iss=z', 'sub=z']),
  'a member is added': (_, edit) => addMembers(edit, 'ops', ['ann']),
}

const open = async (t: { onTestFinished(end: () => Promise<void>): void }) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  await write(store, HTPASSWD_KEY, `ann:$2y$04$${'a'.repeat(53)}\n`)
  await write(store, ROBOTS_KEY, formatRobots(new Map([['ci', []]])))
  const bound = new Map(['ci', 'left'].map((name) => [name, CLAIMS]))
  await write(store, ROBOT_CLAIMS_KEY, formatBindings(bound))
  await write(store, GROUPS_KEY, 'dev: ann robot+ci bob\n')
  return store
}

const stateOf = (store: ObjectStore) =>
  Promise.all(
    [HTPASSWD_KEY, ROBOTS_KEY, ROBOT_CLAIMS_KEY, GROUPS_KEY].map((key) => readDocument(store, key)),
  )

test.each(Object.entries(CHANGES))('%s', async (_, change) => {
  const ends: (() => Promise<void>)[] = []
  const t = { onTestFinished: (end: () => Promise<void>) => void ends.push(end) }
  const whole = await open(t)
  await change(whole, editing(whole))
  const wanted = await stateOf(whole)
  let died = true
  for (let calls = 0; died; calls++) {
    const store = await open(t)
    let left = calls
    const dying = intercept(store, async (_call, proceed) => {
      if (left-- <= 0) throw DEAD
      return proceed()
    })
    died = await change(dying, editing(dying)).then(
      () => false,
      (error: unknown) => {
        expect(error).toBe(DEAD)
        return true
      },
    )
    // What was done to its end before it died may be there: that is said by the one error that is no fault.
    await change(store, editing(store)).catch((error: unknown) => {
      expect(error).toBeInstanceOf(AccountError)
    })
    expect(await stateOf(store), `died after ${calls} calls`).toEqual(wanted)
  }
  for (const end of ends) await end()
})

test('a change is noted, and one event of it is left', async (t) => {
  const store = await open(t)
  const edit = editing(store)
  expect(await edit(GROUPS_KEY, () => 'dev: ann\n')).toBe(true)
  expect(await edit(GROUPS_KEY, () => 'dev: ann\n')).toBe(false)
  expect((await readChanges(store)).map(({ document, by }) => [document, by])).toEqual([
    ['groups', 'user:root'],
  ])
  const { objects } = await store.list(OUTBOX)
  expect(objects.length).toBe(1)
  const event = JSON.parse((await readDocument(store, objects[0]!.key)) ?? '')
  expect(event).toMatchObject({ action: 'policy', facts: { document: 'groups' }, actor: 'root' })
})

test('nobody is told of a change that somebody else was faster with', async (t) => {
  const store = await open(t)
  const late = intercept(store, async ({ operation, args }, proceed) => {
    if (operation === 'put' && args[0] === GROUPS_KEY) await write(store, GROUPS_KEY, 'dev: eve\n')
    return proceed()
  })
  const change = (text: string | undefined): string => {
    if (text?.includes('eve')) throw new Error('somebody else was faster')
    return 'dev: ann\n'
  }
  await expect(editing(late)(GROUPS_KEY, change)).rejects.toThrow('somebody else was faster')
  expect((await store.list(OUTBOX)).objects).toEqual([])
})
