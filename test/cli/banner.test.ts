/**
 * What a server says at its start.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { banner } from '../../functions/cli/banner.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { transportNotes } from '../../functions/node/notes.ts'

const HTTP = 'http://127.0.0.1:5000'
const EVERYWHERE = '--listen=0.0.0.0:5000'
const TLS = ['--tls-cert=c', '--tls-key=k']

const push = (host: string): string[] => [
  '  docker pull alpine',
  `  docker tag alpine ${host}/alpine && docker push ${host}/alpine`,
  `  docker pull ${host}/alpine`,
]
const OPEN =
  'It is open: anyone who can reach it may push and delete. To close it: slipway user add NAME'
const OPEN_BY_FLAG =
  'It is open: anyone who can reach it may push and delete. That is what --auth off means.'
const NOBODY = 'It has no accounts yet, so nobody gets in. To add one: slipway user add NAME'

type Row = readonly [
  what: string,
  url: string,
  state: { readonly open?: boolean; readonly setUp?: boolean },
  args: readonly string[],
  lines: readonly string[],
]
const ROWS: readonly Row[] = [
  [
    'open',
    HTTP,
    { open: true },
    [],
    [`Slipway listens on ${HTTP}. To try it:`, ...push('127.0.0.1:5000'), OPEN],
  ],
  [
    'with accounts',
    HTTP,
    { setUp: true },
    [],
    [
      `Slipway listens on ${HTTP}. To try it:`,
      '  docker login 127.0.0.1:5000',
      ...push('127.0.0.1:5000'),
    ],
  ],
  [
    'closed without accounts',
    HTTP,
    {},
    ['--auth=token'],
    [
      `Slipway listens on ${HTTP}. To try it:`,
      '  docker login 127.0.0.1:5000',
      ...push('127.0.0.1:5000'),
      NOBODY,
    ],
  ],
  [
    'read-only and open',
    HTTP,
    { open: true },
    ['--read-only=on'],
    [`Slipway listens on ${HTTP}. To try it:`, '  docker pull 127.0.0.1:5000/NAME'],
  ],
  [
    'read-only with accounts',
    HTTP,
    { setUp: true },
    ['--read-only=on'],
    [
      `Slipway listens on ${HTTP}. To try it:`,
      '  docker login 127.0.0.1:5000',
      '  docker pull 127.0.0.1:5000/NAME',
    ],
  ],
  [
    'on all addresses',
    'http://0.0.0.0:5000',
    { open: true },
    [EVERYWHERE, '--auth=off'],
    [
      'Slipway listens on http://0.0.0.0:5000. To try it on this machine:',
      ...push('127.0.0.1:5000'),
      OPEN_BY_FLAG,
    ],
  ],
  [
    'on all addresses with TLS',
    'https://[::]:443',
    { setUp: true },
    ['--listen=[::]:443', ...TLS],
    [
      'Slipway listens on https://[::]:443. To try it, where HOST is the name on the certificate:',
      '  docker login HOST:443',
      ...push('HOST:443'),
    ],
  ],
  [
    'behind a proxy',
    'http://0.0.0.0:5000',
    { setUp: true },
    [EVERYWHERE, '--public-url=https://registry.example'],
    [
      'Slipway listens on http://0.0.0.0:5000. To try it:',
      '  docker login registry.example',
      ...push('registry.example'),
    ],
  ],
]

describe('the banner of a server that is', () => {
  for (const [what, url, { open = false, setUp = false }, args, lines] of ROWS) {
    test(what, () => {
      const settings = readSettings(args, {})
      expect(banner({ url, open, setUp, notes: [] }, settings)).toEqual(lines)
    })
  }

  test('ends with the notes', () => {
    const running = { url: HTTP, open: true, setUp: false, notes: ['One.', 'Two.'] }
    expect(banner(running, readSettings([], {})).slice(-2)).toEqual(['One.', 'Two.'])
  })
})

describe('plain HTTP is said', () => {
  const LOCAL = /^It speaks plain HTTP: podman and skopeo need --tls-verify=false\.$/
  const CLEAR = /in the clear.*--tls-cert.*--trust-proxy.*insecure-registries.*--tls-verify/s
  const NOTES: readonly (readonly [args: readonly string[], note: RegExp | undefined])[] = [
    [[], LOCAL],
    [['--listen=[::1]:5000'], LOCAL],
    [[EVERYWHERE], CLEAR],
    [['--listen=10.0.0.1:5000', '--public-url=http://registry.example'], CLEAR],
    [[EVERYWHERE, ...TLS], undefined],
    [[EVERYWHERE, '--public-url=https://registry.example'], undefined],
    [[EVERYWHERE, '--trust-proxy=10.0.0.0/8'], undefined],
    [TLS, undefined],
  ]
  for (const [args, note] of NOTES) {
    test(`${args.join(' ') || 'by default'}: ${note === undefined ? 'not' : note === LOCAL ? 'briefly' : 'with what it means'}`, () => {
      const notes = transportNotes(readSettings(args, {}))
      expect(notes).toEqual(note === undefined ? [] : [expect.stringMatching(note)])
    })
  }
})
