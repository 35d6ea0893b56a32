/**
 * Everything that the admin API does.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { deadKey, endedKey } from '../../functions/events/keys.ts'
import { writeDead } from '../../functions/events/stored.ts'
import {
  EVENT_RECEIVERS_KEY,
  ISSUERS_KEY,
  QUOTAS_KEY,
  RETENTION_KEY,
  UPSTREAMS_KEY,
} from '../../functions/registry/layout.ts'
import { USAGE_KEY, usagePartKey } from '../../functions/registry/usage/document.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { BEGIN, recordOf } from '../events/records.ts'
import { blob } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { expectStatus, type Send } from '../support/rig/client.ts'
import { pushImage } from '../support/rig/push.ts'

const AT = '/api/v1'
const IS_JSON = { 'Content-Type': 'application/json' }
const FRESH = { ...IS_JSON, 'If-None-Match': '*' }
const THERE = { ...IS_JSON, 'If-Match': '*' }

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

/** Documents that are set again. */
const DOCUMENTS: Readonly<Record<string, readonly [key: string, text: object]>> = {
  issuers: [ISSUERS_KEY, { version: 1, issuers: [] }],
  retention: [RETENTION_KEY, { version: 1, immutable: [] }],
  quotas: [QUOTAS_KEY, { version: 1, quotas: [{ repositories: ['a/**'] }] }],
  upstreams: [UPSTREAMS_KEY, { version: 1, upstreams: [] }],
  'event-receivers': [
    EVENT_RECEIVERS_KEY,
    { version: 1, receivers: [{ name: 'all', url: 'https://events.example/' }] },
  ],
}

/** Puts what the registry does not make itself, or not at once, into its store. */
const plant = async (files: ObjectStore, repository: string): Promise<void> => {
  for (const [key, text] of Object.values(DOCUMENTS)) {
    if ((await files.head(key)) === undefined) await files.put(key, json(text))
  }
  const usage = { version: 1, date: new Date().toISOString(), id: '0123456789abcdef' }
  const pool = { kept: 0, condemned: 0, reclaimable: 0 }
  await files.put(USAGE_KEY, json({ ...usage, repositories: 1, parts: [repository], pool }))
  await files.put(usagePartKey(usage.id, 0), Buffer.from(`["${repository}",0,0,0,0]\n`))
  const record = recordOf()
  const delivery = { receiver: 'all', at: String(BEGIN), lane: 'a'.repeat(12), id: record.id }
  await writeDead(files, deadKey(delivery), { since: BEGIN, why: '503', record })
  await files.put(endedKey('all'), Buffer.of())
}

/** Another text of the same meaning. */
const toggled = (text: string): Buffer =>
  Buffer.from(text.endsWith('\n') ? text.slice(0, -1) : `${text}\n`)

/**
 * Does every operation of the admin API, so that all of its calls of the store are made. It can be done again, also where
 * it has failed on its way.
 *
 * @param alice who administers all
 * @param files the store
 * @returns ids of the operations
 */
export const administer = async (alice: Send, files: ObjectStore): Promise<ReadonlySet<string>> => {
  const done = new Set<string>()
  const send = async (
    id: string,
    status: number,
    ...request: Parameters<Send>
  ): Promise<Answer> => {
    done.add(id)
    return expectStatus(status, alice(...request))
  }
  const own = randomBytes(4).toString('hex')
  const repository = `a/b${own}`
  await plant(files, repository)
  const image = await pushImage(alice, repository, 'v1', [blob(`layer ${own}`, 1000)])

  for (const name of [...Object.keys(DOCUMENTS), 'policy']) {
    const at = `${AT}/documents/${name}`
    const { body } = await send('getDocument', 200, `GET ${at}`)
    await send('putDocument', 204, `PUT ${at}`, toggled(body.toString()), THERE)
  }

  const [user, group] = [`${AT}/users/bob${own}`, `${AT}/groups/ops${own}`]
  await send('putUser', 201, `PUT ${user}`, json({ password: 'x' }), FRESH)
  await send('importUsers', 200, `POST ${AT}/users`, json({ htpasswd: '' }), IS_JSON)
  await send('listUsers', 200, `GET ${AT}/users`)
  await send('getUser', 200, `GET ${user}`)
  await send('addGroupMember', 200, `PUT ${group}/members/bob${own}`)
  await send('listGroups', 200, `GET ${AT}/groups`)
  await send('getGroup', 200, `GET ${group}`)
  await send('removeGroupMember', 204, `DELETE ${group}/members/bob${own}`)
  await send('deleteGroup', 204, `DELETE ${group}`)
  await send('deleteUser', 204, `DELETE ${user}`)

  const robot = `${AT}/robots/bot${own}`
  await send('addRobot', 201, `POST ${AT}/robots`, json({ name: `bot${own}` }), IS_JSON)
  await send('rotateRobot', 201, `POST ${robot}/secrets`, json({}), IS_JSON)
  const claims = json({ claims: ['iss=x', 'sub=y'] })
  await send('putRobotClaims', 204, `PUT ${robot}/claims`, claims, FRESH)
  await send('getRobotClaims', 200, `GET ${robot}/claims`)
  await send('deleteRobotClaims', 204, `DELETE ${robot}/claims`)
  await send('listRobots', 200, `GET ${AT}/robots`)
  await send('getRobot', 200, `GET ${robot}`)
  await send('deleteRobot', 204, `DELETE ${robot}`)

  await send('listRepositories', 200, `GET ${AT}/repositories`)
  await send('getRepository', 200, `GET ${AT}/repositories/${repository}`)
  await send('listUsage', 200, `GET ${AT}/usage`)
  const undelete = (more: object) =>
    send('undelete', 200, `POST ${AT}/undelete`, json({ repository, ...more }), IS_JSON)
  await expectStatus(202, alice(`DELETE /v2/${repository}/manifests/${image.sha256}`))
  await undelete({ digest: image.sha256 })
  await send('previewDelete', 200, `GET ${AT}/delete-preview/${repository}?reference=v1`)
  await send('deleteImage', 204, `DELETE ${AT}/images/${repository}?reference=v1`)
  await undelete({ tag: 'v1' })
  await send('deleteRepository', 202, `DELETE ${AT}/repositories/${repository}`)
  await send('listDeletedRepositories', 200, `GET ${AT}/deleted`)
  await send('listDeletes', 200, `GET ${AT}/deleted/${repository}`)
  await undelete({})

  const pulled = json({ repository })
  await send('refreshUpstream', 409, `POST ${AT}/upstreams/refresh`, pulled, IS_JSON)
  await send('listUploads', 200, `GET ${AT}/uploads`)
  await send('testPolicy', 200, `GET ${AT}/policy-test?repository=a&as=user:alice`)
  const policy = (await expectStatus(200, alice(`GET ${AT}/documents/policy`))).body
  await send('testGivenPolicy', 200, `POST ${AT}/policy-test?repository=a`, policy)
  const preview = `${AT}/retention-preview/${repository}`
  await send('previewRetention', 200, `GET ${preview}`)
  const rules = json({
    version: 1,
    rules: [{ name: 'all', repositories: ['**'], tags: ['*'], remove: { notPulledFor: '1d' } }],
  })
  await send('previewGivenRetention', 200, `POST ${preview}`, rules)
  await send('listQuotas', 200, `GET ${AT}/quotas`)
  await send('listWaitingEvents', 200, `GET ${AT}/events/waiting`)
  await send('listDeadEvents', 200, `GET ${AT}/events/dead`)
  await send('listEndedReceivers', 200, `GET ${AT}/events/ended`)
  await send('resendEvents', 200, `POST ${AT}/events/resend`, json({ all: true }), IS_JSON)
  await send('listChanges', 200, `GET ${AT}/changes`)
  await send('search', 200, `GET ${AT}/search?q=${own}`)
  await send('listCatalog', 200, `GET ${AT}/catalog?q=${own}&sort=size`)
  await send('listTags', 200, `GET ${AT}/tags/${repository}`)
  await send('getImage', 200, `GET ${AT}/images/${repository}?reference=v1`)
  await send('getOpenApi', 200, `GET ${AT}/openapi.json`)
  return done
}
