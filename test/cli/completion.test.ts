/**
 * Completion in a real bash: what it offers is what the table has. zsh is of e2e/completion.suite.ts.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { bashScript } from '../../functions/cli/completion/bash.ts'
import { completedOf } from '../../functions/cli/completion/model.ts'
import { parse } from '../../functions/cli/parse.ts'
import { COMMANDS, GROUPS } from '../../functions/cli/table/commands.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { CLI, told } from './program.ts'

const run = promisify(execFile)

/** Command lines, the last word of which is to be completed, and what is offered. */
const LINES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['repo|', ['repo']],
  ['re|', ['reindex', 'repo', 'retention']],
  ['tag |', ['list', 'move', 'delete']],
  ['help tag m|', ['move']],
  ['--registry https://x tag m|', ['move']],
  ['--plain-http tag m|', ['move']],
  ['tag --json m|', ['move']],
  ['--registry = x tag m|', ['move']],
  ['repo list --j|', ['--json']],
  ['repo list app --j|', ['--json']],
  ['--v|', ['--version']],
  ['serve --log-level |', ['debug', 'error', 'info', 'silent', 'warn']],
  ['serve --log-level = w|', ['warn']],
  ['serve --log-level =|', ['debug', 'error', 'info', 'silent', 'warn']],
  ['serve --gc |', ['off', 'on']],
  ['serve --store |', []],
  ['serve |', []],
  ['usage --sort n|', ['name']],
  ['completion |', ['bash', 'zsh']],
  ['retention import z|', ['zot']],
  ['retention import zot f|', ['file one', 'folder']],
  ['retention check f|', ['file one', 'folder']],
  ['serve --tls-cert fi|', ['file one']],
  ['tag list |', []],
  ['no-such |', []],
]

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

let offered: string[][] = []

beforeAll(async () => {
  const { path, remove } = await temporaryDirectory()
  await mkdir(join(path, 'folder'))
  await writeFile(join(path, 'file one'), '')
  const { stdout: script } = await told(['completion', 'bash'])
  const calls = LINES.map(([line]) => {
    const words = ['slipway', ...line.replace(/\|$/, '').split(' ')]
    return `complete_now ${words.map(quoted).join(' ')}`
  })
  // As bash does: the function that `complete` has registered, and where the words are.
  const text = `set -u
${script}
complete_now() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  $(complete -p slipway | sed 's/.*-F \\([^ ]*\\).*/\\1/')
  printf '%s\\t' \${COMPREPLY[@]+"\${COMPREPLY[@]}"}
  printf '\\n'
}
${calls.join('\n')}
`
  const { stdout } = await run('bash', ['--norc', '-c', text], { cwd: path })
  offered = stdout.split('\n').map((line) => line.split('\t').filter(Boolean))
  await remove()
})

test.each(LINES.map(([line, words], at) => [line, words, at] as const))(
  'slipway %s',
  (_, words, at) => expect(offered[at]?.sort()).toEqual([...words].sort()),
)

describe('what is offered', () => {
  const completed = completedOf(COMMANDS, GROUPS)

  test('is in the table, all of it', () => {
    for (const { name, flags } of completed.commands) {
      const { flags: own, settings } = COMMANDS.find((each) => each.name === name)!
      const words = [...Object.keys(own), ...settings, 'help'].map((each) => `--${each}`)
      expect(flags.map(({ word }) => word)).toEqual(words)
    }
    const names = completed.first.flatMap(({ word }) =>
      (completed.verbs[word] ?? [undefined]).map((verb) => (verb ? `${word} ${verb.word}` : word)),
    )
    expect(names.slice(0, -2)).toEqual([...new Set(names)].slice(0, -2))
    expect(new Set(names.slice(0, -2))).toEqual(new Set(COMMANDS.map(({ name }) => name)))
  })

  test('is taken: each word of a value that a flag of its own command has', () => {
    for (const { name, flags } of COMMANDS) {
      for (const flag of Object.keys(flags)) {
        const values = completed.valued[flag]
        if (values === undefined || values === 'files') continue
        for (const value of values) {
          const args = Object.keys(COMMANDS.find((each) => each.name === name)!.args)
          expect(() =>
            parse([...name.split(' '), ...args, `--${flag}`, value], COMMANDS),
          ).not.toThrow()
        }
      }
    }
  })

  test('has no character that a shell would change', () => {
    const values = Object.values(completed.valued).flatMap((each) => [...each])
    const args = completed.commands.flatMap((each) => each.args.flatMap((words) => [...words]))
    const words = [...completed.first, ...completed.commands.flatMap(({ flags }) => flags)]
    for (const word of [...values, ...args, ...words.map((each) => each.word)]) {
      expect(word).toMatch(/^[\w-]+$/)
    }
    expect(bashScript(completed, 'slipway')).not.toContain('undefined')
  })
})

test('a shell that is not known', async () => {
  expect(await told(['completion', 'fish'])).toMatchObject({
    code: 2,
    stderr: 'slipway: "fish" cannot be completed for: expected bash or zsh\n',
  })
})

test('where nobody reads any more, as after head, it ends without an error', async () => {
  // Long before there is anything to read, `true` has ended.
  const gone = 'set -o pipefail; "$0" "$1" completion zsh | true'
  const ended = await run('bash', ['-c', gone, process.execPath, CLI]).catch((error) => error)
  expect([ended.stderr, ended.code]).toEqual(['', 141])
})
