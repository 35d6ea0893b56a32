/**
 * Debian's Prometheus scrapes Slipway and distribution: it takes what Slipway says, understands each query of the
 * dashboard, and finds the names that are distribution's there, with the same labels.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import {
  type Daemon,
  freePort,
  projectRoot,
  responds,
  run,
  scratch,
  startDaemon,
} from '../support/live/process.ts'
import { startRegistry } from '../support/live/registry.ts'
import { eventually } from '../support/until.ts'

/** Many times the series that there may be. */
const REPOSITORIES = 2000
/** Requests at once. */
const AT_ONCE = 20

const directory = scratch('prometheus')
const closing: (() => Promise<void> | void)[] = [directory.remove]
const addresses = { prometheus: '', slipway: '', distribution: '' }

const daemon = async (name: string, command: string, args: readonly string[], url: string) => {
  const started: Daemon = await startDaemon({ name, command, args, ready: () => responds(url) })
  closing.unshift(started.stop)
}

/** Pushes an image of a config alone and pulls it, and asks for what is not there. */
const use = async (address: string): Promise<void> => {
  const at = `http://${address}/v2/library/app`
  const begun = await fetch(`${at}/blobs/uploads/`, { method: 'POST' })
  const location = new URL(begun.headers.get('Location') ?? '', at)
  location.searchParams.set('digest', CONFIG.sha256)
  const octets = { 'Content-Type': 'application/octet-stream' }
  const put = await fetch(location, { method: 'PUT', body: CONFIG.bytes, headers: octets })
  expect(put.status).toBe(201)
  const tagged = {
    method: 'PUT',
    body: imageOf().bytes,
    headers: { 'Content-Type': OCI_MANIFEST },
  }
  expect((await fetch(`${at}/manifests/v1`, tagged)).status).toBe(201)
  const headers = { Accept: OCI_MANIFEST }
  expect((await fetch(`${at}/manifests/v1`, { headers })).status).toBe(200)
  expect((await fetch(`${at}/blobs/${CONFIG.sha256}`)).status).toBe(200)
  expect((await fetch(`${at}/manifests/none`, { headers })).status).toBe(404)
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

/** What Prometheus says to a query. @throws if it does not understand it */
const query = async (text: string): Promise<readonly Sample[]> => {
  const answer = await fetch(
    `http://${addresses.prometheus}/api/v1/query?query=${encodeURIComponent(text)}`,
  )
  const { status, error, data } = (await answer.json()) as {
    readonly status: string
    readonly error?: string
    readonly data?: { readonly result: readonly Sample[] }
  }
  if (status !== 'success') throw new Error(`${text}: ${error}`)
  return data?.result ?? []
}

beforeAll(async () => {
  addresses.slipway = `127.0.0.1:${await freePort()}`
  const store = { directory: join(directory.path, 'slipway') }
  const slipway = await startRegistry('slipway', store, {
    flags: ['--metrics', addresses.slipway, '--log-level', 'error'],
  })
  closing.unshift(slipway.close)

  const registry = `127.0.0.1:${await freePort()}`
  addresses.distribution = `127.0.0.1:${await freePort()}`
  const config = join(directory.path, 'distribution.json')
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      storage: {
        filesystem: { rootdirectory: join(directory.path, 'distribution') },
        cache: { blobdescriptor: 'inmemory' },
      },
      http: {
        addr: registry,
        secret: 'of-no-worth',
        debug: { addr: addresses.distribution, prometheus: { enabled: true, path: '/metrics' } },
      },
    }),
  )
  await daemon('distribution', 'docker-registry', ['serve', config], `http://${registry}/v2/`)

  await use(slipway.address)
  await use(registry)
  const names = Array.from({ length: REPOSITORIES }, (_, n) => `team/app-${n}`)
  for (let at = 0; at < names.length; at += AT_ONCE) {
    await Promise.all(
      names.slice(at, at + AT_ONCE).map(async (name) => {
        await (await fetch(`http://${slipway.address}/v2/${name}/manifests/v1`)).text()
      }),
    )
  }

  addresses.prometheus = `127.0.0.1:${await freePort()}`
  const job = (name: string, target: string) => ({
    job_name: name,
    static_configs: [{ targets: [target] }],
  })
  const scraping = join(directory.path, 'prometheus.yml')
  writeFileSync(
    scraping,
    JSON.stringify({
      global: { scrape_interval: '1s' },
      scrape_configs: [
        job('slipway', addresses.slipway),
        job('distribution', addresses.distribution),
      ],
    }),
  )
  await daemon(
    'prometheus',
    'prometheus',
    [
      ...[`--config.file=${scraping}`, `--storage.tsdb.path=${join(directory.path, 'tsdb')}`],
      `--web.listen-address=${addresses.prometheus}`,
    ],
    `http://${addresses.prometheus}/-/ready`,
  )
  await eventually(async () => {
    expect((await query('up == 1')).map(({ metric }) => metric.job).sort()).toEqual([
      'distribution',
      'slipway',
    ])
  })
})
afterAll(async () => {
  for (const close of closing) await close()
})

test('promtool finds nothing wrong', async () => {
  const input = await (await fetch(`http://${addresses.slipway}/metrics`)).text()
  // It says what it would have otherwise, also of what is no fault.
  expect(await run('promtool', ['check', 'metrics'], { input })).toBe('')
})

test(`after requests to ${REPOSITORIES} repositories it has fewer than 500 series`, async () => {
  const [count] = await query('count({job="slipway"})')
  expect(Number(count?.value[1])).toBeLessThan(500)
  const [requests] = await query(
    'registry_http_requests_total{job="slipway",handler="manifest",method="get",code="404"}',
  )
  expect(Number(requests?.value[1])).toBe(REPOSITORIES + 1)
})

const SHARED: readonly (readonly [name: string, labels: readonly string[]])[] = [
  ['registry_http_requests_total', ['code', 'handler', 'method']],
  ['registry_http_request_duration_seconds_count', ['handler', 'method']],
  ['registry_http_request_duration_seconds_bucket', ['handler', 'le', 'method']],
  ['registry_http_in_flight_requests', ['handler']],
  ['registry_storage_action_seconds_count', ['action', 'driver']],
  ['registry_storage_cache_total', ['type']],
]

describe('as distribution has it', () => {
  test.each(SHARED)('%s', async (name, labels) => {
    const kept = ({ metric: { job, instance, __name__, ...rest } }: Sample) => rest
    const [ours, theirs] = await Promise.all(
      ['slipway', 'distribution'].map(async (job) =>
        (await query(`${name}{job="${job}"}`)).map(kept),
      ),
    )
    for (const all of [ours, theirs]) {
      expect(all?.length).toBeGreaterThan(0)
      for (const each of all ?? []) expect(Object.keys(each).sort()).toEqual(labels)
    }
  })

  test('the same requests are counted under the same words', async () => {
    const counted = async (job: string) =>
      (await query(`registry_http_requests_total{job="${job}",code!="404"}`))
        .map(({ metric: { code, handler, method }, value }) =>
          [handler, method, code, value[1]].join(' '),
        )
        // Whoever starts them looks whether they are there.
        .filter((line) => !line.startsWith('base '))
        .sort()
    expect(await counted('slipway')).toEqual(await counted('distribution'))
  })
})

describe('the dashboard', () => {
  const { panels } = JSON.parse(
    readFileSync(join(projectRoot, 'docs/grafana-dashboard.json'), 'utf8'),
  ) as { readonly panels: { readonly title: string; readonly targets: { expr: string }[] }[] }

  test.each(panels)('Prometheus understands: $title', async ({ targets }) => {
    for (const { expr } of targets) {
      const filled = expr
        .replaceAll('$job', 'slipway')
        .replaceAll('$instance', '.*')
        .replaceAll('$__rate_interval', '1m')
      await query(filled)
    }
  })
})
