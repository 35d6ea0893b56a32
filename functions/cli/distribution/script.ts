/**
 * A plan as a script for the shell, which is run once.
 *
 * @module
 */

import { stringify } from 'yaml'
import { STORE_SETTINGS } from '../../compose/setting-table.ts'
import type { FinishedPlan } from './plan.ts'

/** A word as a shell takes it. */
const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

const isOfStore = (name: string): boolean => STORE_SETTINGS.some((each) => each === name)

/** Lines of a document that a command reads from its standard input. */
const heredoc = (command: string, document: object): string[] => [
  `${command} <<'EOF'`,
  stringify(document, { lineWidth: 0 }).trimEnd(),
  'EOF',
]

/**
 * The script.
 *
 * @param slipway how the command line is called
 */
export const scriptOf = (
  { settings, variables, documents, users }: FinishedPlan,
  slipway: string,
): string => {
  const flags = [...settings].map(([name, value]) => [name, `--${name} ${quoted(value)}`] as const)
  const store = flags.flatMap(([name, flag]) => (isOfStore(name) ? [flag] : [])).join(' ')
  return [
    '#!/bin/sh',
    '# Slipway in place of distribution, with what its configuration says.',
    'set -eu',
    ...variables.map(({ name, from, form }) => `: "\${${name}:?expected ${form ?? from}}"`),
    '# Once: the lists of repositories and referrers, which distribution does not keep.',
    `${slipway} reindex ${store} || echo 'nothing is listed yet' >&2`,
    ...(users === undefined ? [] : [`${slipway} user import ${quoted(users)} ${store}`]),
    ...documents.flatMap(({ command, document }) =>
      heredoc(`${slipway} ${command} set - ${store}`, document),
    ),
    `exec ${slipway} serve \\`,
    flags.map(([, flag]) => `  ${flag}`).join(' \\\n'),
  ].join('\n')
}
