/**
 * The smoke checks against registries that are as they should be, and the command line.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, test } from 'vitest'
import { putAtEdge } from '../../../functions/cli/smoke/checks/edge.ts'
import { CHECKS } from '../../../functions/cli/smoke/checks.ts'
import { runChecks } from '../../../functions/cli/smoke/run.ts'
import type { Target } from '../../../functions/cli/smoke/session.ts'
import { GATEWAYS, settingsFor } from '../../emulators/gateway/habits.ts'
import { WEB_FUNCTIONS } from '../../emulators/web-function/habits.ts'
import { temporaryDirectory } from '../../support/hosts/start.ts'
import { run } from '../../support/live/process.ts'
import { CLI } from '../program.ts'
import {
  onEdge,
  onFiles,
  onGateway,
  onGatewayAndWebFunction,
  onS3,
  type Subject,
  USER,
} from './subjects.ts'

const PRESIGNED = ['presigned-head', 'presigned-tampered', 'bucket-private']

/** What needs an upload host. */
const ELSEWHERE = [
  'location-followed',
  'push-host-challenge',
  'push-host-manifest-head',
  'push-host-patch-50MB',
  'push-host-put-50MB',
]
/** The same where API Gateway refuses large bodies. */
const NOWHERE = [...ELSEWHERE, 'patch-50MB', 'put-50MB']

/** What of a registry does not hold or could not be found out, by verdict. */
const judge = async (target: Target) => {
  const printed: string[] = []
  const results = await runChecks(target, CHECKS, (line) => printed.push(line))
  const ids = (verdict: string) =>
    results.filter((result) => result.verdict === verdict).map(({ check }) => check.id)
  return { not: ids('NOT'), unknown: ids('unknown'), results, printed }
}

const seenOf = ({ results }: Awaited<ReturnType<typeof judge>>, id: string): string =>
  results.find(({ check }) => check.id === id)?.seen ?? ''

interface Row {
  readonly start: () => Promise<Subject>
  readonly not?: readonly string[]
  readonly unknown?: readonly string[]
  /** What some of the checks saw. */
  readonly seen: Readonly<Record<string, RegExp>>
}

const SUBJECTS: Readonly<Record<string, Row>> = {
  'Node server on files': {
    start: () => onFiles(),
    unknown: [...ELSEWHERE, ...PRESIGNED],
    seen: { 'blob-get': /^served here: 200/, 'keep-alive': /^kept/ },
  },
  'Node server on files, Basic': {
    start: () => onFiles('--auth=basic'),
    unknown: [...ELSEWHERE, ...PRESIGNED, 'token', 'token-form'],
    seen: { challenge: /: Basic$/ },
  },
  'Node server on S3': {
    start: () => onS3(),
    unknown: ELSEWHERE,
    seen: { 'blob-get': /^307 to localhost/, 'body-11MB': /^202/, 'bucket-private': /^403/ },
  },
  'Lambda, length kept': {
    start: () => onGateway(GATEWAYS['length kept']),
    unknown: NOWHERE,
    seen: {
      'blob-head': /^307 to .*: 200, 100000 bytes/,
      'body-7MB': /^413/,
      'body-11MB': /^413: "Request Entity Too Large" of the gateway/,
      'header-12KiB': /^431/,
    },
  },
  'Lambda, and a Web Function': {
    start: () => onGatewayAndWebFunction(GATEWAYS['length kept'], WEB_FUNCTIONS['length kept']),
    seen: {
      'upload-start': /^202, absolute Location$/,
      'location-followed': /^202, to 127\S+: PATCH 202, PUT 201; HEAD here 200$/,
      'patch-50MB': /^PATCH 202, Range 0-49999999; PUT 201; at 127\S+, \d+ MB\/s$/,
      'put-50MB': /^PUT 201; at 127\S+, \d+ MB\/s$/,
      'push-host-challenge': /: Bearer, /,
      'push-host-patch-50MB': /^PATCH 202, Range 0-49999999; PUT 201; \d+ MB\/s$/,
    },
  },
  'Lambda, and a Web Function that drops lengths and renames the challenge': {
    start: () =>
      onGatewayAndWebFunction(
        GATEWAYS['length kept'],
        WEB_FUNCTIONS['challenge renamed, length dropped'],
      ),
    not: ['push-host-challenge'],
    seen: { 'push-host-manifest-head': /^307 and 200, \d{3} bytes/ },
  },
  'both behind the edge': {
    start: () => onEdge(GATEWAYS['length kept'], WEB_FUNCTIONS['length kept']),
    unknown: ELSEWHERE,
    seen: {
      'patch-50MB': /^PATCH 202, Range 0-49999999; PUT 201; \d+ MB\/s$/,
      'put-50MB': /^PUT 201; \d+ MB\/s$/,
      'body-11MB': /^202/,
    },
  },
  'Lambda, length counted, challenge renamed': {
    start: () => onGateway(GATEWAYS['path decoded, length counted, challenge renamed']),
    unknown: NOWHERE,
    seen: {
      challenge: /^401 with .*x-amzn-remapped-www-authenticate/i,
      'manifest-head': /^200, \d{3} bytes$/,
    },
  },
  'Lambda, length zero, manifestHeads is redirect': {
    start: () => {
      const habits = GATEWAYS['length zero, challenge renamed']
      return onGateway(habits, settingsFor(habits))
    },
    unknown: NOWHERE,
    // There the gateway answers 500 to what Lambda does not take.
    not: ['body-5MB', 'body-7MB'],
    seen: { 'manifest-head': /^307 and 200, \d{3} bytes, no digest/, 'body-5MB': /^500: / },
  },
  'Lambda, length zero, manifestHeads as it is': {
    start: () => onGateway(GATEWAYS['length zero, challenge renamed']),
    unknown: NOWHERE,
    not: ['body-5MB', 'body-7MB', 'manifest-head', 'manifest-head-digest'],
    seen: { 'manifest-head': /^200, 0 bytes$/ },
  },
}

// One after another: each S3 has credentials of its own, which this process has in its environment.
describe('registries', () => {
  for (const [name, { start, not = [], unknown = [], seen }] of Object.entries(SUBJECTS)) {
    test(name, async () => {
      const subject = await start()
      try {
        const found = await judge(subject)
        assert.deepEqual(found.not, not, found.printed.join('\n'))
        assert.deepEqual(found.unknown.toSorted(), unknown.toSorted())
        assert.equal(found.results.length, CHECKS.length)
        for (const [id, pattern] of Object.entries(seen)) assert.match(seenOf(found, id), pattern)
      } finally {
        await subject.stop()
      }
    })
  }

  const GATEWAY = GATEWAYS['length kept']
  const WEB = WEB_FUNCTIONS['length kept']
  const LARGE: readonly (readonly [string, () => Promise<Subject>, string, RegExp])[] = [
    ['the edge', () => onEdge(GATEWAY, WEB), 'ok', /^PUT 201 .*; HEAD 200, 60000000 bytes/],
    ['the API alone', () => onGateway(GATEWAY), 'NOT', /not stored: PUT 413/],
    ['both', () => onGatewayAndWebFunction(GATEWAY, WEB), 'unknown', /do not stay at this name/],
  ]
  test.each(LARGE)('60 MB in place of 1 GB, at %s', async (_, start, verdict, says) => {
    const subject = await start()
    try {
      const [result] = await runChecks(subject, [putAtEdge(60_000_000)], () => {})
      assert.equal(result?.verdict, verdict)
      assert.match(`${result?.seen} ${result?.wrong}`, says)
    } finally {
      await subject.stop()
    }
  })

  test('each check has a name of its own, a question and advice', () => {
    assert.equal(new Set(CHECKS.map(({ id }) => id)).size, CHECKS.length)
    for (const { asks, advice } of CHECKS) assert.ok(asks.length > 5 && advice.length > 10)
  })
})

/** Runs `slipway smoke` as a process with these variables. */
const smoke = async (args: readonly string[], env: Record<string, string> = {}, input = '') => {
  const child = spawn(process.execPath, [CLI, 'smoke', ...args], {
    env: { PATH: process.env.PATH, ...env },
  })
  child.stdin.on('error', () => {}).end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}

describe('the command line', { concurrent: true }, () => {
  test('a password in a variable, one on standard input, a wrong one, none', async () => {
    const { origin, stop } = await onFiles()
    const as = ['--user', USER.name]
    try {
      const variable = await smoke([origin, ...as], { SLIPWAY_PASSWORD: USER.password })
      assert.equal(variable.code, 0, variable.stdout)
      assert.match(variable.stdout, /^http:\/\/127\S+, repository smoke\/[0-9a-f]{8}\n/)
      assert.match(variable.stdout, /\n42 passed, 0 failed, 8 unknown\.\n$/)
      const piped = await smoke([origin, '--repository', 'a/b', ...as], {}, `${USER.password}\n`)
      assert.equal(piped.code, 0, piped.stdout)
      assert.match(piped.stdout, /, repository a\/b\n/)
      const wrong = await smoke([origin, ...as], {}, 'wrong')
      assert.equal(wrong.code, 1)
      assert.match(wrong.stdout, /\nNOT +token .* 401\n.*\n +-> check user and password/)
      const without = await smoke([origin])
      assert.equal(without.code, 1)
      assert.match(without.stdout, /-> give --user NAME/)
      assert.doesNotMatch(variable.stdout + piped.stdout, new RegExp(USER.password))
    } finally {
      await stop()
    }
  })

  test('an https address, with a certificate that is trusted and with one that is not', async () => {
    const { path, remove } = await temporaryDirectory()
    const [key, cert] = [join(path, 'key.pem'), join(path, 'cert.pem')]
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=registry.example'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1'],
    ])
    const { origin, stop } = await onFiles(`--tls-cert=${cert}`, `--tls-key=${key}`)
    const env = { SLIPWAY_PASSWORD: USER.password }
    const args = [origin, '--user', USER.name]
    try {
      const trusted = await smoke(args, { ...env, NODE_EXTRA_CA_CERTS: cert })
      assert.equal(trusted.code, 0, trusted.stdout)
      assert.match(trusted.stdout, /^ok +tls .* TLSv1\.3, http\/1\.1, certificate until 20\d\d-/m)
      const untrusted = await smoke(args, env)
      assert.deepEqual([untrusted.code, untrusted.stdout], [1, ''])
      assert.match(
        untrusted.stderr,
        /^slipway: https:\S+ cannot be reached: its certificate is signed by nobody who is trusted here: name its authority in NODE_EXTRA_CA_CERTS, .* \(DEPTH_ZERO_SELF_SIGNED_CERT\)\n$/,
      )
      const name = origin.replace('127.0.0.1', 'localhost')
      const misnamed = await smoke([name, '--user', USER.name], {
        ...env,
        NODE_EXTRA_CA_CERTS: cert,
      })
      assert.match(misnamed.stderr, /^slipway: .*its certificate is for another name: .*\n$/)
      const plain = await smoke([origin.replace('https', 'http'), '--push-host', origin], env)
      assert.match(plain.stderr, /^slipway: https:.*NODE_EXTRA_CA_CERTS.*\n$/)
    } finally {
      await stop()
      await remove()
    }
  })

  const usage: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /^slipway: <address> is missing: usage: slipway smoke <address> \[flags\]\n$/],
    [['registry.example'], /"registry\.example" is not the address of a registry: expected https:/],
    [['ftp://registry.example'], /"ftp:\/\/registry\.example" is not the address of a registry/],
    [['https://registry.example/v2/'], /"https:.*" is not the address of a registry/],
    [['https://a.example', 'https://b.example'], /too many arguments/],
    [
      ['http://127.0.0.1:1', '--push-host=http://a/b'],
      /"http:\/\/a\/b" is not the address of a reg/,
    ],
    [['https://a.example', '--password=x'], /slipway smoke has no flag --password/],
    [['https://a.example', '--store=x'], /slipway smoke has no flag --store/],
  ]
  for (const [args, message] of usage) {
    test(`smoke ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await smoke(args)
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, message)
    })
  }
})
