/**
 * The way of docs/from-registry-2.md: Debian's `docker-registry` with an htpasswd file, Slipway on the same
 * directory by the commands of the document, and back.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check, PASSWORD, push, send } from '../cli/history/exercise.ts'
import { serve } from '../cli/program.ts'
import {
  freePort,
  projectRoot,
  responds,
  run,
  scratch,
  startDaemon,
} from '../support/live/process.ts'

/**
 * The commands of the document that are to be run to their end, on these paths. Those before are tried by
 * config-import.suite.ts.
 */
const commands = (paths: Readonly<Record<string, string>>): string[][] => {
  const text = readFileSync(join(projectRoot, 'docs/from-registry-2.md'), 'utf8')
  return [...text.slice(text.indexOf('\n## Move\n')).matchAll(/^slipway (.+)$/gm)].map(
    ([, words = '']) =>
      Object.entries(paths)
        .reduce((line, [from, to]) => line.replaceAll(from, to), words)
        .split(' '),
  )
}

/** Starts registry:2 with users on a directory. */
const startDistribution = async (directory: string, htpasswd: string, config: string) => {
  const address = `127.0.0.1:${await freePort()}`
  const settings = {
    version: '0.1',
    storage: { filesystem: { rootdirectory: directory } },
    auth: { htpasswd: { realm: 'x', path: htpasswd } },
    http: { addr: address, secret: 'of-no-worth' },
  }
  writeFileSync(config, JSON.stringify(settings))
  const daemon = await startDaemon({
    name: 'from-registry-2',
    command: 'docker-registry',
    args: ['serve', config],
    ready: () => responds(`http://${address}/`),
  })
  return { url: `http://${address}`, stop: daemon.stop }
}

test('images and users are taken over, and given back', async (t) => {
  const { path, remove } = scratch('from-registry-2')
  t.onTestFinished(remove)
  const [data, htpasswd, config] = ['data', 'htpasswd', 'config.json'].map((name) =>
    join(path, name),
  ) as [string, string, string]
  await run('htpasswd', ['-cbB', htpasswd, 'alice', PASSWORD])
  const before = await startDistribution(data, htpasswd, config)
  await push(before.url, 'team/app', 'v1')
  await before.stop()

  const given = commands({ '/var/lib/registry': data, '/etc/registry/htpasswd': htpasswd })
  expect(given.map(([word]) => word)).toEqual(['reindex', 'user', 'reindex'])
  for (const words of given) {
    await run(process.execPath, ['functions/handlers/cli.ts', ...words], { cwd: projectRoot })
  }
  // The same header as registry:2 was sent: Basic is accepted beside tokens.
  const server = await serve([`--store=file:${data}`, '--log-level=warn', '--auth=token'])
  await check(server.url, 'team/app', 'v1', true)
  await push(server.url, 'team/app', 'v2')
  await check(server.url, 'team/app', 'v2', true)
  // As the document says, nobody may delete yet.
  await send(server.url, 'DELETE', '/v2/team/app/manifests/v1', 403)
  server.program.kill('SIGTERM')
  expect(await server.exit).toBe(0)

  const own = join(data, 'slipway/v1/config/htpasswd/$')
  const after = await startDistribution(data, own, config)
  for (const seed of ['v1', 'v2']) {
    await send(after.url, 'GET', `/v2/team/app/manifests/${seed}`, 200)
  }
  await push(after.url, 'team/app', 'v3')
  await after.stop()
})
