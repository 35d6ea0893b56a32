/**
 * `slipway quota`.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'vitest'
import { readDocument } from '../../functions/auth/document.ts'
import { collect } from '../../functions/registry/clean-up/collect.ts'
import { TIMES } from '../../functions/registry/clean-up/terms.ts'
import { QUOTAS_KEY } from '../../functions/registry/layout.ts'
import { bytesOf, sayBytes } from '../../functions/registry/quotas/bytes.ts'
import { parseQuotas } from '../../functions/registry/quotas/parse.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'
import { openDesk } from './desk.ts'

const open = async (t: TestContext) => {
  const desk = await openDesk(t, openFiles)
  return { store: desk.store, desk, give: desk.give, said: () => desk.said.join('\n') }
}

/** As `slipway usage --now` does. */
const walk = (store: ObjectStore) =>
  collect(store, {
    times: TIMES,
    run: false,
    force: false,
    report: () => {},
    note: () => {},
    progress: () => {},
    isOver: () => false,
    monotonic: () => 0,
  })

const GOOD = `# ours
version: 1
quotas:
  - repositories: [team/**]
    soft: 1 kB
    hard: 50 GB
  - repositories: ['**']
`

describe('quotas', () => {
  it('are checked, set, shown and listed', async (t) => {
    const { store, desk, give, said } = await open(t)
    for (const verb of ['show', 'list']) {
      await assert.rejects(give(`quota ${verb}`), { message: 'there are no quotas' })
    }
    desk.files.good = GOOD
    await give('quota set good')
    assert.match(said(), /valid and has 2 quotas\.\nIt is set/)
    await give('quota set good')
    assert.match(said(), /set already/)
    assert.deepEqual(await give('quota show'), [GOOD.trimEnd()])
    const send = await clientOf(store, { quotas: async () => parseQuotas(GOOD) })
    await pushAtOnce(send, 'team/a', CONFIG)
    await pushManifest(send, 'team/a', 'v1', imageOf())
    const used = CONFIG.bytes.byteLength + imageOf().bytes.byteLength
    assert.deepEqual(await give('quota list'), [
      'USED\tSOFT\tHARD\tCOUNTED\tREPOSITORIES',
      `${used} bytes\t1.0 kB\t50.0 GB\tnot yet\tteam/**`,
      '0 bytes\t-\t-\tnot yet\t**',
    ])
    assert.match(said(), /nothing was counted yet/)
    await walk(store)
    const [first] = await give('quota list --json')
    const { counted, id, ...rest } = JSON.parse(first!)
    assert.deepEqual(rest, { repositories: 'team/**', used, soft: 1000, hard: 50_000_000_000 })
    assert.ok(Date.parse(counted) > 0 && /^[0-9a-f]{16}$/.test(id))
  })

  it.each([
    ['a pattern that no name has', 'repositories: [A]', /line 3, .*"A" is not allowed/],
    ['a size that is none', 'repositories: [a]\n    hard: 50', /hard/],
    ['a unit that is none', 'repositories: [a]\n    hard: 50 gb', /expected a size, as in 500 MB/],
    ['no repositories', 'hard: 5 GB', /repositories/],
    [
      'soft above hard',
      'repositories: [a]\n    hard: 5 GB\n    soft: 6 GB',
      /soft is more than hard/,
    ],
  ])('refuses %s', async (_, quota, message) => {
    assert.throws(() => parseQuotas(`version: 1\nquotas:\n  - ${quota}\n`), {
      name: 'DocumentError',
      message,
    })
  })

  it('are put nowhere if they are wrong', async (t) => {
    const { store, desk, give } = await open(t)
    desk.files.bad = 'version: 2\nquotas: []\n'
    await assert.rejects(give('quota set bad'), { name: 'DocumentError' })
    assert.equal(await readDocument(store, QUOTAS_KEY), undefined)
  })
})

describe('sizes', () => {
  it.each([
    ['50 GB', 50e9, '50.0 GB'],
    ['1.5TiB', 1_649_267_441_664, '1.6 TB'],
    ['999 B', 999, '999 bytes'],
    ['999.96 kB', 999_960, '1.0 MB'],
    ['0 B', 0, '0 bytes'],
  ])('%s is %d bytes', (text, bytes, said) => {
    assert.equal(bytesOf(text), bytes)
    assert.equal(sayBytes(bytes), said)
  })

  it.each(['', '5', 'GB', '5 gb', '-5 GB', '1e3 B', '9999999999 TB', '5 constructor'])(
    '%j is none',
    (text) => assert.equal(bytesOf(text), undefined),
  )
})
