/**
 * The configurations of clients in docs/pull-through.md, as the suites use them: with other addresses, otherwise unchanged.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../support/live/process.ts'

const page = readFileSync(join(projectRoot, 'docs/pull-through.md'), 'utf8')
const [, clients = ''] = page.split(/^## Clients$/m)

/**
 * What the page says is in a file: the code block after the file's name.
 *
 * @param file as the page names it
 * @param put what is to be in the place of each text, which must be there
 */
export const mirrorLines = (file: string, put: Readonly<Record<string, string>>): string => {
  const [, , after] = clients.split(new RegExp(`(\`${file.replaceAll('.', '\\.')}\`)`))
  const block = after?.match(/^```\w+\n(.*?)^```$/ms)?.[1]
  assert.ok(block !== undefined, `docs/pull-through.md has no ${file}`)
  return Object.entries(put).reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `${file} has no ${from}`)
    return text.replaceAll(from, to)
  }, block)
}
