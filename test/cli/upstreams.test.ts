/** `slipway upstreams`. @module */

import assert from 'node:assert/strict'
import { it } from 'vitest'
import { openFiles } from '../support/rig/stores.ts'
import { openDesk } from './desk.ts'

const GOOD = `# ours
version: 1
upstreams:
  - name: hub
    host: docker.io
    prefix: ''
`

it('upstreams are checked, set and shown', async (t) => {
  const { give, files, said } = await openDesk(t, openFiles)
  await assert.rejects(give('upstreams show'), { message: 'there are no upstreams' })
  Object.assign(files, { good: GOOD, bad: GOOD.replace('docker.io', 'https://docker.io') })
  await give('upstreams check good')
  assert.match(said.join('\n'), /valid and has 1 upstream\.$/)
  await assert.rejects(give('upstreams show'), { message: 'there are no upstreams' })
  await give('upstreams set good')
  assert.match(said.join('\n'), /It is set\./)
  await give('upstreams set good')
  assert.match(said.join('\n'), /set already/)
  assert.deepEqual(await give('upstreams show'), [GOOD.trimEnd()])
  await assert.rejects(give('upstreams set bad'), {
    name: 'DocumentError',
    message: /line 5, column 11: upstreams\[0\].host: expected a host/,
  })
})
