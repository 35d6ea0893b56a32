/**
 * Flags that npm took for itself.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { UsageError } from '../../functions/cli/errors.ts'
import { commandCall, refuseTakenFlags } from '../../functions/cli/npm-flags.ts'
import { COMMANDS } from '../../functions/cli/table/commands.ts'
import { ALL_SETTINGS } from '../../functions/compose/setting-table.ts'

const START = { npm_package_name: 'slipway', npm_lifecycle_event: 'start' }
const FILES = {
  npm_config_userconfig: '/home/me/.npmrc',
  npm_config_globalconfig: '/etc/npmrc',
  npm_config_local_prefix: '/checkout',
}

const check = (env: Record<string, string>, files: Record<string, string> = {}): Promise<void> =>
  refuseTakenFlags(
    {
      env,
      readFile: async (path) => {
        const text = files[path]
        if (text === undefined) throw new Error(`ENOENT: ${path}`)
        return text
      },
    },
    COMMANDS,
  )

describe('refused, and where -- goes is said', () => {
  for (const name of ALL_SETTINGS) {
    test(`npm start --${name}`, async () => {
      const taken = { [`npm_config_${name.replaceAll('-', '_')}`]: 'x' }
      const refused = check({ ...START, ...FILES, ...taken })
      await expect(refused).rejects.toThrow(UsageError)
      await expect(refused).rejects.toThrow(
        `npm took --${name} for itself: put -- before it, as in npm start -- --${name} …`,
      )
    })
  }

  test('several, of a command', async () => {
    const taken = { npm_config_store: 'x', npm_config_revoke: 'true' }
    await expect(check({ ...START, npm_lifecycle_event: 'slipway', ...taken })).rejects.toThrow(
      'npm took --store and --revoke for itself: put -- before them, as in npm run slipway -- --store …',
    )
  })

  test('npm exec', async () => {
    const env = { npm_package_name: 'mine', npm_lifecycle_event: 'npx', npm_config_store: 'x' }
    await expect(check(env)).rejects.toThrow('as in npm exec -- slipway --store …')
  })
})

test('commands are called as they can be where the server was started', () => {
  expect(commandCall(START)).toBe('npm run slipway --')
  expect(commandCall({})).toBe('slipway')
  expect(commandCall({ npm_lifecycle_event: 'npx', npm_package_name: 'mine' })).toBe('slipway')
  expect(commandCall({ npm_lifecycle_event: 'start', npm_package_name: 'mine' })).toBe('slipway')
})

describe('not refused:', () => {
  const TAKEN = { npm_config_s3_region: 'x' }
  const OWN = { ...START, ...FILES, ...TAKEN }
  const ROWS: readonly (readonly [
    what: string,
    env: Record<string, string>,
    files?: Record<string, string>,
  ])[] = [
    ['nothing', {}],
    ['settings of npm', { ...START, npm_config_loglevel: 'silent', npm_config_cache: '/x' }],
    // Who runs `npx --yes slipway …` answers npm's question, not one of ours.
    ['the answer to npx', { ...START, npm_lifecycle_event: 'npx', npm_config_yes: 'true' }],
    ['without npm', TAKEN],
    ["in another project's script", { ...OWN, npm_package_name: 'mine' }],
    ['in another script of this project', { ...OWN, npm_lifecycle_event: 'test' }],
    ["the user's file", OWN, { '/home/me/.npmrc': 'audit=false\ns3-region = eu\n' }],
    ["the machine's file", OWN, { '/etc/npmrc': 's3_region=eu' }],
    ["the project's file", OWN, { '/checkout/.npmrc': '"s3-region"="eu"' }],
    ['a list in a file', OWN, { '/checkout/.npmrc': 's3-region[] = eu' }],
  ]
  for (const [what, env, files] of ROWS) {
    test(what, () => expect(check(env, files)).resolves.toBeUndefined())
  }
})

test('a setting whose name only begins like the one in a file is refused', async () => {
  const files = { '/etc/npmrc': 's3-region-x=1\nx-s3-region=1\n; s3-region=1' }
  await expect(check({ ...START, ...FILES, npm_config_s3_region: 'x' }, files)).rejects.toThrow(
    '--s3-region',
  )
})
