/**
 * An emulator that somebody else has started: what the suites find out before they deploy to it.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { scratch } from '../support/live/process.ts'
import { startDeployment } from './support/deployment.ts'
import { type Emulator, startMiniStack } from './support/emulator.ts'
import { requireUsable } from './support/usable.ts'

/** A `node` that says that it is another version. */
const OTHER_NODE = `#!/bin/sh
exec '${process.execPath}' --import \
  "data:text/javascript,Object.defineProperty(process,'version',{value:'v22.1.0'})" "$@"
`

describe('a running MiniStack', () => {
  const files = scratch('other-node')
  let other: Emulator
  beforeAll(async () => {
    const program = join(files.path, 'node')
    writeFileSync(program, OTHER_NODE)
    chmodSync(program, 0o755)
    other = await startMiniStack(`${files.path}:${process.env.PATH}`)
  })
  afterAll(async () => {
    await other?.close()
    files.remove()
  })

  test('whose Node is not 24 is refused before anything is deployed', async () => {
    const deploying = startDeployment(async () => ({ ...other, shared: true }))
    await assert.rejects(
      deploying,
      /does not run functions with Node 24, but: v22\.1\.0\. Start it/,
    )
  })

  test('with Node 24 is used, unless it tells functions the registry’s own host', async () => {
    const right = await startMiniStack()
    try {
      await requireUsable(right)
    } finally {
      await right.close()
    }
    const sameHost = await startMiniStack(undefined, '127.0.0.1')
    try {
      await assert.rejects(
        requireUsable(sameHost),
        /registry's own host: start it with AWS_ENDPOINT_URL=https:\/\/localhost:/,
      )
    } finally {
      await sameHost.close()
    }
  })
})
