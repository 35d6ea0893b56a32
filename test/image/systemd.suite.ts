/**
 * The unit of systemd: systemd finds nothing wrong with it, and its ExecStart runs as its user, over its
 * state directory, from the package as it is installed. No systemd runs here, so the sandbox that the unit
 * asks for is looked at by `systemd-analyze` alone.
 *
 * @module
 */

import { chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { npm, packInto } from '../package/packing.ts'
import { freePort, projectRoot, run, startDaemon } from '../support/live/process.ts'
import { statusOf } from './support.ts'

const UNIT = join(projectRoot, 'packaging/slipway.service')
const TEXT = readFileSync(UNIT, 'utf8')

/** All values of a directive. */
const directive = (name: string): string[] =>
  [...TEXT.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value)

describe('packaging/slipway.service', () => {
  const user = 'slipway-unit-test'
  const directory = mkdtempSync(join(tmpdir(), 'slipway-unit-'))
  const state = join(directory, 'state')
  const prefix = join(directory, 'prefix')
  let uid = 0

  beforeAll(async () => {
    await run('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', user])
    uid = Number(await run('id', ['--user', user]))
    // The user must reach what root installs.
    await run('chmod', ['755', directory])
    mkdirSync(state, { mode: 0o750 })
    chownSync(state, uid, uid)
    const { tarball } = await packInto(directory)
    await npm('npm', ['install', '--global', '--offline', '--prefix', prefix, tarball], directory)
    // Beside the command, since the user need not reach this checkout.
    cpSync(process.execPath, join(prefix, 'bin/node'))
  })

  afterAll(async () => {
    await run('userdel', [user]).catch(() => undefined)
    rmSync(directory, { recursive: true, force: true })
  })

  test('is valid', async () => {
    // A user that does not exist is only found at start, a program that does not exist here.
    expect(await run('systemd-analyze', ['verify', '--man=no', UNIT])).toBe('')
  })

  test('exposes little of the machine', async () => {
    const printed = await run('systemd-analyze', [
      'security',
      '--offline=true',
      '--threshold=30',
      UNIT,
    ])
    expect(printed).toMatch(/Overall exposure level for slipway.service: [0-2]\.\d/)
  })

  test('its ExecStart serves as its user, keeps data in its state directory, and ends on its signal', async () => {
    expect(directive('User')).toEqual(['slipway'])
    expect(directive('StateDirectory')).toEqual(['slipway'])
    const [command = '', ...args] = (directive('ExecStart')[0] ?? '').split(' ')
    const environment = Object.fromEntries(
      (directive('Environment')[0] ?? '')
        .replaceAll('/var/lib/slipway', state)
        .split(' ')
        .map((pair) => pair.split('=') as [string, string]),
    )
    const port = await freePort()
    const address = `http://127.0.0.1:${port}`
    const daemon = await startDaemon({
      name: 'slipway-unit',
      command: 'setpriv',
      args: [
        ...[`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--no-new-privs'],
        ...['--bounding-set=-all', '--', command, ...args],
      ],
      cwd: state,
      env: {
        ...environment,
        SLIPWAY_LISTEN: `127.0.0.1:${port}`,
        PATH: `${prefix}/bin:/usr/bin:/bin`,
        HOME: state,
      },
      stopSignal: `${directive('KillSignal')[0]}` as NodeJS.Signals,
      ready: () => statusOf(`${address}/`).then((status) => status === 200),
    })
    try {
      expect(await statusOf(`${address}/v2/`)).toBe(401)
      expect(readFileSync(`/proc/${daemon.pid}/status`, 'utf8')).toMatch(
        new RegExp(`^Uid:\\s+${uid}\\s+${uid}`, 'm'),
      )
      await fetch(`${address}/.well-known/jwks.json`)
      expect(statSync(join(state, 'slipway')).uid).toBe(uid)
    } finally {
      await daemon.stop()
    }
    expect(daemon.output()).toContain('requests under way have 30 s to finish')
  })
})
