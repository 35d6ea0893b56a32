/**
 * Completion in a real zsh, at its prompt: a terminal, words typed, the tabulator.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { told } from '../cli/program.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

const run = promisify(execFile)

/** What is typed before the tabulator, and what then stands there. */
const LINES = [
  ['slipway reind', 'slipway reindex '],
  ['slipway repo sh', 'slipway repo show '],
  ['slipway help ta', 'slipway help tag '],
  ['slipway --registry https://x tag m', 'slipway --registry https://x tag move '],
  ['slipway serve --log-level w', 'slipway serve --log-level warn '],
  ['slipway serve --log-level=w', 'slipway serve --log-level=warn '],
  ['slipway repo list --js', 'slipway repo list --json '],
  ['slipway completion z', 'slipway completion zsh '],
  ['slipway retention import zot fi', 'slipway retention import zot file '],
  ['slipway tag list no', 'slipway tag list no'],
] as const

/** Types at the prompt of a zsh of its own; a key shows what stands there then. */
const TYPING = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'shown() { print -r -- "<<$BUFFER>>"; BUFFER=; }; zle -N shown; bindkey "^G" shown'
zpty -w shell 'autoload -U compinit; compinit -u -D; source ./script; print ready""'
zpty -r -m shell text '*ready*'
while read -r line; do
  zpty -w -n shell "$line"$'\\t\\a'
  zpty -r -m shell text '*<<*>>*'
  text=\${text##*<<}
  print -r -- "\${text%%>>*}|"
done
zpty -d shell
`

test('what is typed is completed', async (t) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const { stdout: script } = await told(['completion', 'zsh'])
  await writeFile(join(path, 'script'), script)
  await writeFile(join(path, 'file'), '')
  const typed = run('zsh', ['-f', '-c', TYPING], { cwd: path, timeout: 60_000 })
  typed.child.stdin?.end(`${LINES.map(([line]) => line).join('\n')}\n`)
  const { stdout } = await typed
  expect(stdout.split('\n').filter(Boolean)).toEqual(LINES.map(([, line]) => `${line}|`))
})
