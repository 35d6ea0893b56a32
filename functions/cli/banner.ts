/**
 * What a server says when it has started: where it listens, and what to try.
 *
 * @module
 */

import type { Settings } from '../compose/setting-table.ts'
import type { RunningServer } from '../node/server.ts'

/** Addresses that stand for all of the machine's. */
const ALL = /^(?:0\.0\.0\.0|\[::\])$/

/** The registry as clients name it, and what to say about that name. */
const nameFor = (
  url: string,
  settings: Settings,
): { readonly host: string; readonly of: string } => {
  const { protocol, host, hostname, port } = new URL(settings['public-url'] ?? url)
  if (settings['public-url'] !== undefined || !ALL.test(hostname)) return { host, of: '' }
  return protocol === 'https:'
    ? { host: `HOST:${port || 443}`, of: ', where HOST is the name on the certificate' }
    : { host: `127.0.0.1:${port || 80}`, of: ' on this machine' }
}

const openNote = ({ auth }: Settings, slipway: string): string =>
  `It is open: anyone who can reach it may push and delete. ${
    auth === 'off' ? 'That is what --auth off means.' : `To close it: ${slipway} user add NAME`
  }`

/**
 * Lines of the banner.
 *
 * @param slipway how the command line is called here
 */
export const banner = (
  { url, open, setUp, notes }: Pick<RunningServer, 'url' | 'open' | 'setUp' | 'notes'>,
  settings: Settings,
  slipway = 'slipway',
): string[] => {
  const { host, of } = nameFor(url, settings)
  const readOnly = settings['read-only']
  const tries = [
    ...(open ? [] : [`docker login ${host}`]),
    ...(readOnly
      ? [`docker pull ${host}/NAME`]
      : [
          'docker pull alpine',
          `docker tag alpine ${host}/alpine && docker push ${host}/alpine`,
          `docker pull ${host}/alpine`,
        ]),
  ]
  return [
    `Slipway listens on ${url}. To try it${of}:`,
    ...tries.map((line) => `  ${line}`),
    ...(open && !readOnly ? [openNote(settings, slipway)] : []),
    ...(open || setUp
      ? []
      : [`It has no accounts yet, so nobody gets in. To add one: ${slipway} user add NAME`]),
    ...notes,
  ]
}
