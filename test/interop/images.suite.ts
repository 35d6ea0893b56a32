/**
 * `slipway repo`, `tag` and `image` on registries of others: Debian's docker-registry and distribution 3, which know the
 * distribution API alone.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { contentOf, push } from '../cli/history/exercise.ts'
import { told } from '../cli/program.ts'
import { freePort, responds, scratch, startDaemon, toolCache } from '../support/live/process.ts'

const PROGRAMS = [
  ['registry:2', 'docker-registry'],
  ['registry:3', join(toolCache, 'distribution/registry')],
] as const

/** A registry of others, with an image, an index and a referrer. */
const start = async (t: TestContext, command: string): Promise<string> => {
  const { path, remove } = scratch('images-elsewhere')
  const address = `127.0.0.1:${await freePort()}`
  const config = join(path, 'config.json')
  const storage = { filesystem: { rootdirectory: join(path, 'data') }, delete: { enabled: true } }
  writeFileSync(config, JSON.stringify({ version: '0.1', storage, http: { addr: address } }))
  const daemon = await startDaemon({
    name: 'images-elsewhere',
    command,
    args: ['serve', config],
    env: { OTEL_TRACES_EXPORTER: 'none' },
    ready: () => responds(`http://${address}/v2/`),
  })
  t.onTestFinished(async () => {
    await daemon.stop()
    remove()
  })
  await push(`http://${address}`, 'team/app', 'v1')
  return `http://${address}`
}

describe.each(PROGRAMS)('%s', (name, command) => {
  test('is listed, shown and changed', async (t) => {
    const url = await start(t, command)
    const give = async (line: string) => {
      const { code, stdout, stderr } = await told([...line.split(' '), '--registry', url])
      return { code, lines: stdout.split('\n').slice(0, -1), stderr }
    }
    const { image, index, layers } = contentOf('v1')
    expect((await give('repo list')).lines).toEqual(['REPOSITORY', 'team/app'])
    expect((await give('repo show team/app')).lines).toContain('tags         2: latest, v1')
    const tags = (await give('tag list team/app --json')).lines.map((line) => JSON.parse(line))
    expect(tags).toMatchObject([
      { tag: 'latest', digest: index.sha256, kind: 'index of 1' },
      { tag: 'v1', digest: image.sha256, kind: 'image' },
    ])
    const tree = (await give('image tree team/app')).lines.join('\n')
    for (const { sha256 } of [image, ...layers]) expect(tree).toContain(sha256)
    expect((await give('image inspect team/app:v1')).lines).toContain('platform     linux/amd64')
    expect((await give('image diff team/app:v1 team/app:v1')).lines).toEqual([
      `image: the same, ${image.sha256}`,
    ])
    expect(await give('image inspect team/app:none')).toMatchObject({
      code: 1,
      stderr: 'slipway: there is no team/app:none\n',
    })

    const moved = await give('tag move team/app:stable v1 --from none')
    expect(moved.lines).toEqual([`team/app:stable is ${image.sha256}, new`])
    expect((await give('tag move team/app:stable latest --from none')).code).toBe(1)
    const deleted = await give('tag delete team/app:stable --yes')
    // distribution 2 deletes by digest alone.
    if (name === 'registry:2') expect(deleted.stderr).toMatch(/: \d{3} /)
    else expect(deleted.code).toBe(0)
    expect(deleted.code).toBe(name === 'registry:2' ? 1 : 0)
    // Whole repositories are of the admin API.
    expect((await give('repo delete team/app --yes')).code).toBe(1)
  })
})
