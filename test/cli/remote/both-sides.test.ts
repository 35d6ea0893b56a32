/**
 * Commands print the same on a store and from afar.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDocument } from '../../../functions/auth/document.ts'
import { COMMANDS } from '../../../functions/cli/table/commands.ts'
import { deadKey, endedKey } from '../../../functions/events/keys.ts'
import { writeDead } from '../../../functions/events/stored.ts'
import {
  EVENT_RECEIVERS_KEY,
  GROUPS_KEY,
  ISSUERS_KEY,
  POLICY_KEY,
  QUOTAS_KEY,
  RETENTION_KEY,
  ROBOT_CLAIMS_KEY,
  UPSTREAMS_KEY,
} from '../../../functions/registry/layout.ts'
import { USAGE_KEY, usagePartKey } from '../../../functions/registry/usage/document.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { fill, writeDocuments } from '../../access/rig.ts'
import { userLine, write } from '../../auth/harness.ts'
import { ec, jwkOf } from '../../auth/tokens-forge.ts'
import { BEGIN, recordOf } from '../../events/records.ts'
import { openFiles } from '../../support/rig/stores.ts'
import { type Desk, openDesk } from '../desk.ts'
import { DOCUMENTS, type Served, serveFor } from './sides.ts'

const FILES = {
  policy: `version: 1
rules:
  - who: ['user:root']
    repositories: ['**']
    actions: ['*', override, admin] # stays
`,
  noRules: 'version: 1\nrules: []\n',
  retention: "version: 1\nimmutable:\n  - repositories: ['**']\n    tags: ['v*']\n",
  quotas: 'version: 1\nquotas:\n  - repositories: [team/**]\n    hard: 50 GB\n',
  upstreams: 'version: 1\nupstreams:\n  - { name: hub, host: docker.io, prefix: hub } # ours\n',
  wrong: 'version: 1\nquotas: 5\n',
  named: `version: 1
rules:
  - who: ['user:root', 'group:ops', 'group:none', 'user:nobody', 'robot:ci']
    repositories: ['**']
    actions: ['*', override, admin]
`,
  receivers: `version: 1
receivers:
  - { name: quiet, url: 'https://quiet.example', kinds: [mount] }
`,
  issuers: JSON.stringify({
    version: 1,
    issuers: [{ issuer: 'https://tokens.example', jwks: { keys: [jwkOf(ec(), { kid: 'k' })] } }],
  }),
  htpasswd: '',
}

const DEAD = recordOf()

const DOCUMENT_KEYS = [
  ...[POLICY_KEY, ISSUERS_KEY, GROUPS_KEY, ROBOT_CLAIMS_KEY, RETENTION_KEY],
  ...[QUOTAS_KEY, EVENT_RECEIVERS_KEY, UPSTREAMS_KEY],
]

/** Commands, one after the other. What they do on one side they do on the other. */
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
  'upstreams show',
  'upstreams set upstreams',
  'upstreams set upstreams',
  'upstreams show',
  'upstreams set wrong',
  'upstreams refresh team/a',
  'upstreams refresh team/**',
  'upstreams refresh team/**:v1',
  'upstreams purge hub/**',
  'upstreams purge team/**',
  'upstreams purge Team',
  'upstreams purge hub/** --confirmed',
  'usage',
  'usage --json --sort name team/**',
  'usage [',
  'repo list',
  'repo list team/** --json',
  'repo list [',
  'repo show team/a',
  'repo show app --json',
  'repo show none',
  'tag list team/a',
  'tag list team/a --json',
  'tag list none',
  'tag move team/a:v2 v1 --from none',
  'tag move team/a:v2 v1 --from none',
  'tag move team/a:v2 v1',
  'tag move team/a:v2 v9',
  'tag list team/a --json',
  'image inspect team/a:v2',
  'image inspect team/a:v2 --json',
  'image inspect team/a:v2 --raw',
  'image inspect team/a:v9',
  'image inspect none',
  'image inspect Team',
  'image tree team/a:v1',
  'image tree team/a:v1 --json',
  'image diff team/a:v1 team/b:v1',
  // What they say of repositories and times differs: ../copies.test.ts has both.
  'export Team ./nowhere',
  'import ./nowhere.tar',
  'tag delete team/a:v2',
  'tag delete team/a:v9 --yes',
  'tag delete team/a:v2 --yes',
  'repo delete app',
  'repo delete none --yes',
  'repo delete app --yes',
  'undelete app',
  'deleted',
  'deleted team/a',
  'undelete team/a:v1',
  'delete team/a --confirmed',
  'delete team/a --confirmed',
  'delete none --confirmed',
  'delete Wrong --confirmed',
  'deleted',
  'deleted --json',
  'deleted team/a',
  'deleted team/a --json',
  'undelete team/a',
  'undelete team/a',
  'undelete none',
  'retention set retention',
  'tag move team/b:v1 v1',
  'tag delete team/b:v1 --yes',
  'delete team/b --confirmed',
  'delete team/b --confirmed --override',
  'undelete team/b@sha256:0',
  'undelete team/b:v1',
  'deleted team/b',
  'quota list',
  'quota list --json',
  `events list`,
  'events list --json',
  'events resend',
  `events resend ${DEAD.id} none`,
  'events resend --all',
  'events show',
  'events set wrong',
  'events set receivers',
  'events set receivers',
  'events show',
  'user list',
  'user add erin',
  'user add erin',
  'user add :',
  'user passwd erin',
  'user passwd nobody',
  'user import htpasswd',
  'user import htpasswd',
  'user import noRules',
  'user remove nobody',
  'robot list',
  'robot add ci',
  'robot add robot+ci',
  'robot add deploy --without-secret --expires never',
  'robot add A+b',
  'robot rotate ci --expires never --keep 2h',
  'robot rotate ci --keep 0',
  'robot rotate nobody',
  'robot list',
  'robot bind deploy --claim iss=https://issuer.example --claim sub=x',
  'robot bind deploy --claim iss=https://issuer.example --claim sub=y',
  'robot bind deploy --claim x',
  'robot bind nobody --claim iss=https://issuer.example --claim sub=x',
  'robot show deploy',
  'robot show nobody',
  'robot unbind ci',
  'robot unbind deploy',
  'robot unbind nobody',
  'group list',
  'group add ops erin robot+ci stranger robot+stranger',
  'group add ops a:b',
  'group remove ops nobody',
  'group remove none',
  'group remove ops stranger',
  'group list',
  'user list',
  'robot show ci',
  'policy set named',
  'policy test team/a --as user:erin',
  'policy test team/a --as robot:ci --action push',
  'robot remove ci',
  'robot remove ci',
  'user remove erin',
  'group remove ops',
  'issuers set issuers',
  'issuers set issuers',
  'issuers add github --id 5 --audience a --repositories team/** --add-rule',
  'issuers add github --id 5 --audience a --robot deploy',
  'issuers show',
  'policy show',
] as const

/** Images, what a clean-up has counted, and an event that could not be delivered. */
const fillStore = async (store: ObjectStore): Promise<void> => {
  await fill(store, ['app', 'team/a', 'team/b'])
  const delivery = { receiver: 'hooks', at: String(BEGIN), lane: 'a'.repeat(12), id: DEAD.id }
  await writeDead(store, deadKey(delivery), { since: BEGIN + 1, why: '503', record: DEAD })
  await store.put(endedKey('quiet'), Buffer.of())
  const id = '0123456789abcdef'
  const pool = { kept: 9, condemned: 1, reclaimable: 2 }
  const head = { version: 1, date: '2030-01-01T00:00:00.000Z', id, repositories: 3, pool }
  await write(store, USAGE_KEY, JSON.stringify({ ...head, parts: ['app'] }))
  const lines = ['app', 'team/a', 'team/b'].map((name, own) => JSON.stringify([name, own, 1, 0, 0]))
  await write(store, usagePartKey(id, 0), `${lines.join('\n')}\n`)
}

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
  for (const store of [here.store, served.store]) await fillStore(store)
  const htpasswd = `${await userLine('frank', 'secret')}plain:text\n`
  for (const desk of [here, afar]) {
    Object.assign(desk.files, FILES, { htpasswd })
    // The registry's clock is the machine's.
    desk.clock.pass(Date.now() - desk.clock.now())
  }
})

afterAll(async () => {
  for (const end of ends) await end()
})

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g

/** What a registry's words begin with. */
const REFUSED = /^http:\/\/127\S+: \d{3} [A-Z_]+: /

/** What a command printed and said, or why it failed, without times and whoever gave it. */
const outcome = async (desk: Desk, line: string) => {
  const plain = (text: string): string =>
    text
      .replaceAll(TIME, 'TIME')
      .replaceAll(/\bslipway_[\w-]{43}(?!\w)|\b[\da-f]{8}(?= until )/g, 'NEW')
      .replaceAll(/\balice@laptop\b|\bthe command line\b|\b(?:user:)?root\b/g, 'WHO')
      .replace(REFUSED, '')
  try {
    const printed = (await desk.give(line)).map(plain)
    return { printed, said: desk.said.map(plain), code: desk.code }
  } catch (error) {
    return { error: plain((error as Error).message) }
  }
}

test('these are all commands that can be given from afar', () => {
  const able = COMMANDS.filter(({ on }) => on === 'either').map(({ name }) => name)
  const given = able.filter((name) => LINES.some((line) => `${line} `.startsWith(`${name} `)))
  expect(given).toEqual(able)
})

describe('the same on a store and from afar', () => {
  test.each(LINES)('slipway %s', async (line) => {
    const expected = await outcome(here, line)
    expect(await outcome(afar, line)).toEqual(expected)
  })

  test.each(DOCUMENT_KEYS)('%s is the same then', async (key) => {
    const [mine, other] = [
      await readDocument(here.store, key),
      await readDocument(served.store, key),
    ]
    expect(other).toBe(mine)
  })
})
