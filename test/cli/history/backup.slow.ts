/**
 * The backup of docs/servers.md, by its own commands, while pushes go on; and the registry restored from it.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { projectRoot, run, scratch } from '../../support/live/process.ts'
import { ended, serve, startProgram } from '../program.ts'
import { check, contentOf, PASSWORD, push, send } from './exercise.ts'

/** The commands below a heading, with these directories for the ones that it names. */
const commandsOf = (heading: string, directories: Readonly<Record<string, string>>): string => {
  const text = readFileSync(join(projectRoot, 'docs/servers.md'), 'utf8')
  const [, section = ''] = text.split(`\n### ${heading}\n`)
  const [, commands = ''] = /```sh\n(.*?)```/s.exec(section) ?? []
  expect(commands).not.toBe('')
  return Object.entries(directories).reduce(
    (script, [name, path]) => script.replaceAll(name, path),
    commands,
  )
}

const addAlice = async (store: string): Promise<void> => {
  const words = ['user', 'add', 'alice', '--password-stdin', `--store=file:${store}`]
  const child = spawn(process.execPath, ['functions/handlers/cli.ts', ...words], {
    cwd: projectRoot,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  child.stdin.end(PASSWORD)
  await new Promise((resolve) => child.once('close', resolve))
}

test('a copy that is made during pushes has all that was there before, and nothing broken', async (t) => {
  const { path, remove } = scratch('backup')
  t.onTestFinished(remove)
  const [data, backup, restored] = ['data', 'backup', 'restored'].map((name) =>
    join(path, name),
  ) as [string, string, string]
  for (const each of [data, backup]) mkdirSync(each)
  await addAlice(data)
  const flags = ['--auth=basic', '--log-level=warn']
  const server = await serve([`--store=file:${data}`, ...flags])
  t.onTestFinished(() => void server.program.kill('SIGKILL'))
  const before = ['v1', 'v2', 'v3']
  for (const seed of before) await push(server.url, 'team/app', seed)

  const pushed = [...before]
  let copying = true
  const pushing = (async () => {
    for (let n = 4; copying || n < 6; n++) {
      await push(server.url, 'team/app', `v${n}`)
      pushed.push(`v${n}`)
    }
  })()
  const [tags = '', rest = ''] = commandsOf('Backup', {
    '/var/lib/slipway': data,
    '/backup': backup,
  }).split(/^(?=tar )/m)
  // What the order is for: pushes between the two, which move latest.
  const seen = pushed.length
  await run('sh', ['-c', tags])
  while (pushed.length < seen + 2) await sleep(20)
  await run('sh', ['-c', `cd ${data}\n${rest}`])
  copying = false
  await pushing
  server.program.kill('SIGTERM')
  await server.exit

  mkdirSync(restored)
  await run('sh', [
    '-c',
    commandsOf('Restore', { '/var/lib/slipway': restored, '/backup': backup }),
  ])
  const again = await serve([`--store=file:${restored}`, ...flags])
  t.onTestFinished(() => void again.program.kill('SIGKILL'))
  for (const seed of before) await check(again.url, 'team/app', seed, false)
  const { tags: listed } = (await (
    await send(again.url, 'GET', '/v2/team/app/tags/list', 200)
  ).json()) as { tags: string[] }
  const versions = listed.filter((tag) => tag !== 'latest')
  for (const seed of versions) await check(again.url, 'team/app', seed, false)
  const latest = await (await send(again.url, 'GET', '/v2/team/app/manifests/latest', 200)).text()
  expect(pushed.map((seed) => contentOf(seed).index.bytes.toString())).toContain(latest)
  // It goes on from there.
  await push(again.url, 'team/app', 'after')
  await check(again.url, 'team/app', 'after', true)
  again.program.kill('SIGTERM')
  await again.exit
  const reindexed = await ended(startProgram(['reindex', `--store=file:${restored}`]))
  expect(reindexed.code).toBe(0)
})
