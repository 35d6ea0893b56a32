/**
 * The documents say what the code has: context values, checks of smoke, commands, links.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UPLOAD_CLIENTS } from '../../functions/api/upload-clients.ts'
import { parse } from '../../functions/cli/parse.ts'
import { CHECKS_WITH_GIGABYTE } from '../../functions/cli/smoke/checks.ts'
import { COMMANDS } from '../../functions/cli/table/commands.ts'
import { BODY_LIMIT, UPLOAD_LIMITS } from '../../functions/compose/aws/lambda-limits.ts'
import { ALL_SETTINGS } from '../../functions/compose/setting-table.ts'
import { readSomeSettings, settingUsage } from '../../functions/compose/settings.ts'
import { contextTable } from '../../lib/read-context.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

const DOCUMENTS = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

const contextNames: readonly (string | undefined)[] = contextTable.map(({ name }) => name)

/** Lines of shell in a document, with those that are continued put together. */
const shellLines = (path: string): string[] =>
  [...read(path).matchAll(/^ *```sh\n(.*?)^ *```$/gms)]
    .flatMap(([, block = '']) => block.replace(/\\\n\s*/g, '').split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** Ways to call the command line, and the command that they begin with. */
const CALLS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^npm start -- /, ['serve']],
  [/^npm run smoke -- /, ['smoke']],
  [/^(?:npm run slipway -- |npx --no (?:-- )?slipway |slipway )/, []],
]

/** What a line of shell gives to the command line, for each time that it is called there. */
const callsOf = (line: string): string[][] =>
  line
    .replace(/ +#.*$/, '')
    .split(/[|<>&;]+/)
    .flatMap((part) => {
      const call = part.trim().replaceAll('…', 'x').replaceAll('BUCKET', 'bucket')
      const [pattern, command] = CALLS.find(([begins]) => begins.test(call)) ?? []
      if (pattern === undefined || command === undefined) return []
      return [[...command, ...call.replace(pattern, '').split(' ')]]
    })

/** What a heading is called in links. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')

const anchors = (path: string): string[] =>
  [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))

describe('docs/deploy.md', () => {
  test('has the table of context values as lib/context.ts has it', () => {
    const rows = contextTable.map(({ name, help, value }) => `| \`${name}\` | ${help} | ${value} |`)
    assert.ok(rows.length > 20)
    const [, table = ''] =
      read('docs/deploy.md').match(/\| name \|.*\n\|---.*\n((?:\|.*\n)+)/) ?? []
    assert.equal(table.trim(), rows.join('\n'))
  })

  test('has the limits of Lambda as the handler has them', () => {
    const { bytes } = BODY_LIMIT
    const text = read('docs/deploy.md')
    assert.ok(text.includes(`layers up to ${UPLOAD_LIMITS.blob / 1e9} GB`))
    assert.ok(text.includes(`--blob-max ${bytes} --blob-chunk ${bytes}`))
    assert.ok(text.includes(`${bytes / 1e6} MB of a blob`))
  })

  test('has the clients as the table in functions/api has them', () => {
    const size = { follows: 'any size', stays: `${BODY_LIMIT.bytes / 1e6} MB` }
    const rows = UPLOAD_CLIENTS.map(
      ({ name, habit, tested }) =>
        `| ${name} | ${size[habit]} | ${tested?.join(', ') ?? 'not run: by its source'} |`,
    )
    const [, table = ''] =
      read('docs/deploy.md').match(/\| client \|.*\n\|---.*\n((?:\|.*\n)+)/) ?? []
    expect(table.split('\n').slice(0, rows.length)).toEqual(rows)
  })

  test('has the lifecycle rules that a new bucket gets', async () => {
    const { EVENT_DAYS, UNDELETE_DAYS } = await import('../../lib/bucket.ts')
    const { EVENTS_PREFIX } = await import('../../functions/events/keys.ts')
    const { SEARCH_PREFIX } = await import('../../functions/search/keys.ts')
    const { UPLOAD_LIFE } = await import('../../functions/registry/uploads/expire.ts')
    const { FAILURE_LIFE } = await import('../../functions/auth/throttle/expire.ts')
    const { REFERRER_PAGE_LIFE } = await import('../../functions/registry/referrer-pages.ts')
    const { DELETIONS_PREFIX, FAILED_LOG_INS_PREFIX, REFERRER_PAGES_PREFIX, UPLOADS_PREFIX } =
      await import('../../functions/registry/layout.ts')
    const [, json = ''] = read('docs/deploy.md').match(/```json\n(\{\n {2}"Rules".*?)```/s) ?? []
    const [staged, logIns, pages, events, search, multipart, deletes, undelete] =
      JSON.parse(json).Rules
    const days = UPLOAD_LIFE / 86_400_000
    assert.equal(staged.Filter.Prefix, UPLOADS_PREFIX)
    assert.equal(staged.Expiration.Days, days)
    assert.equal(logIns.Filter.Prefix, FAILED_LOG_INS_PREFIX)
    assert.equal(logIns.Expiration.Days, FAILURE_LIFE / 86_400_000)
    assert.equal(pages.Filter.Prefix, REFERRER_PAGES_PREFIX)
    assert.equal(pages.Expiration.Days, REFERRER_PAGE_LIFE / 86_400_000)
    assert.equal(events.Filter.Prefix, EVENTS_PREFIX)
    assert.equal(events.Expiration.Days, EVENT_DAYS)
    assert.equal(search.Filter.Prefix, SEARCH_PREFIX)
    assert.equal(multipart.AbortIncompleteMultipartUpload.DaysAfterInitiation, days)
    assert.equal(deletes.Filter.Prefix, DELETIONS_PREFIX)
    assert.equal(deletes.Expiration.Days, UNDELETE_DAYS)
    assert.equal(undelete.NoncurrentVersionExpiration.NoncurrentDays, UNDELETE_DAYS)
  })
})

describe('README.md', () => {
  test('has the table of settings as --help has it', () => {
    const rows = [...read('README.md').matchAll(/^\| (`--.*?) \| (.*?) \| .* \|$/gm)]
    const listed = rows.flatMap(([, flags = '', value = '']) =>
      flags.split(', ').map((flag) => [flag, value].map((cell) => cell.replaceAll('`', ''))),
    )
    const settings = ALL_SETTINGS.map((name) => settingUsage(name))
    expect(listed).toEqual(settings.map(({ flag, value }) => [flag, value]))
  })
})

describe('docs/aws.md', () => {
  const rows = [...read('docs/aws.md').matchAll(/^\|.*\|$/gm)]
    .map(([row]) => row.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 7 && cells[4]?.includes('`'))
  const named = rows.flatMap((cells) => [...cells[4]!.matchAll(/`([^`]+)`/g)].map(([, id]) => id))

  test('names checks of smoke that there are', () => {
    assert.ok(named.length > 15)
    const ids = CHECKS_WITH_GIGABYTE.map(({ id }) => id)
    assert.deepEqual(
      named.filter((id) => !ids.includes(id ?? '')),
      [],
    )
  })
})

describe('commands', () => {
  test('are found', () => {
    expect(callsOf('tee x | slipway user add a --store file:x > y # z')).toEqual([
      ['user', 'add', 'a', '--store', 'file:x'],
    ])
    expect(DOCUMENTS.flatMap(shellLines).flatMap(callsOf).length).toBeGreaterThan(30)
  })

  for (const path of DOCUMENTS) {
    const lines = shellLines(path)

    test(`${path}: context values given to cdk are there`, () => {
      for (const line of lines.filter((each) => /\bcdk (?:deploy|diff|synth)\b/.test(each))) {
        for (const [, name] of line.matchAll(/ -c (\w+)=/g)) {
          assert.ok(contextNames.includes(name), `${line}: ${name}`)
        }
      }
    })

    test(`${path}: context values in the text are there`, () => {
      for (const [, name] of read(path).matchAll(/`(\w+)=[\w.]+`/g)) {
        if (/^[a-z]+[A-Za-z]*$/.test(name ?? '')) assert.ok(contextNames.includes(name), name)
      }
    })

    test(`${path}: commands of slipway are there, with their arguments and flags`, () => {
      for (const words of lines.flatMap(callsOf)) {
        const parsed = parse(words, COMMANDS)
        if ('command' in parsed) readSomeSettings(parsed.command.settings, parsed.settings, {})
      }
    })

    test(`${path}: scripts of npm run are there`, () => {
      const { scripts } = JSON.parse(read('package.json'))
      for (const line of [...lines, ...read(path).matchAll(/`(npm run [^`]+)`/g)].map(String)) {
        for (const [, script = ''] of line.matchAll(/\bnpm run (?:--silent )?([\w:]+)/g)) {
          assert.ok(Object.hasOwn(scripts, script), `${line}: ${script}`)
        }
      }
    })

    test(`${path}: files of this repository are there`, () => {
      for (const [, file = ''] of read(path).matchAll(
        /`((?:test|functions|lib|bench|packaging)\/[\w./-]+)`/g,
      )) {
        expect(existsSync(join(ROOT, file)), file).toBe(true)
      }
    })

    test(`${path}: links lead somewhere`, () => {
      for (const [, target = ''] of read(path).matchAll(/\]\(([^)]+)\)/g)) {
        if (/^https?:/.test(target)) continue
        const [file = '', anchor] = target.split('#')
        const linked = file === '' ? path : join(path, '..', file)
        assert.ok(existsSync(resolve(ROOT, linked)), target)
        if (anchor !== undefined) assert.ok(anchors(linked).includes(anchor), target)
      }
    })
  }
})
