/**
 * What the benchmark makes of what it reads: memory and CPU, images, budgets, costs, the page.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { exceeded } from '../../bench/budgets.ts'
import { createImageMaker, type Image } from '../../bench/content.ts'
import { billedMilliseconds, costOf, costOfCalls, ERRANDS } from '../../bench/costs.ts'
import { readOptions } from '../../bench/options.ts'
import { writePage } from '../../bench/page/page.ts'
import { bytesOf, cpuSecondsOf, measureUsage } from '../../bench/process-usage.ts'
import type { Invoked, Measured, Results } from '../../bench/results.ts'

const summary = (median: number) => ({ median, p10: median, p90: median, n: 5 })

describe('what a process used', () => {
  test('CPU of a program whose name has spaces and parentheses', () => {
    const stat = `7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 ${150} ${50} 0 0 20 0 1`
    assert.equal(cpuSecondsOf(stat), 2)
  })

  test('memory by field', () => {
    const status = 'Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n'
    assert.equal(bytesOf(status, 'VmHWM'), 2 * 1024 * 1024)
    assert.throws(() => bytesOf(status, 'VmSwap'), /no VmSwap/)
  })

  test('the peak is that of the whole process, while it is measured', () => {
    const used = measureUsage(process.pid)
    const held = Buffer.alloc(100_000_000, 1)
    // Other tests of this process may have given memory back meanwhile.
    const resident = process.memoryUsage.rss()
    assert.ok(used().peakBytes >= resident - 5_000_000)
    assert.ok(resident > held.length && held[0] === 1)
  })
})

describe('images', () => {
  const maker = createImageMaker(4_000_000)
  const check = ({ blobs, size }: Image) => {
    for (const { bytes, digest } of blobs) {
      assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest)
    }
    assert.equal(
      size,
      blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    )
  }

  test('have layers that no image before had', () => {
    const seen = new Set<string>()
    for (let round = 0; round < 3; round++) {
      const image = maker.make({ layers: 4, layerBytes: 1_000_000 })
      check(image)
      assert.equal(image.blobs.length, 5)
      for (const { digest } of [...image.blobs, image.manifest]) seen.add(digest)
    }
    assert.equal(seen.size, 3 * 6)
  })

  test('that are large differ though they share memory', () => {
    const images = maker.makeLarge(8, 4_000_000)
    images.forEach(check)
    assert.equal(new Set(images.map(({ blobs }) => blobs[0]?.digest)).size, 8)
    assert.throws(() => maker.makeLarge(9, 1000), RangeError)
  })
})

const invoked: Invoked[] = ERRANDS.flatMap(({ requests }) => Object.keys(requests)).flatMap(
  (request) =>
    (['cold', 'warm'] as const).map((start) => ({
      request,
      start,
      milliseconds: summary(start === 'cold' ? 100 : 2),
      calls: { GetObject: 1, PutObject: 2, DeleteObject: 7 },
      steps: 2,
      peakBytes: 1e8,
    })),
)

describe('costs', () => {
  test('calls by their kind; deletes are free', () => {
    assert.equal(costOfCalls({ GetObject: 1000 }).toFixed(6), '0.000400')
    assert.equal(costOfCalls({ PutObject: 500, ListObjectsV2: 500 }).toFixed(6), '0.005000')
    assert.equal(costOfCalls({ DeleteObjects: 10, DeleteObject: 1, AbortMultipartUpload: 1 }), 0)
  })

  test('time of less than a core is longer, and whole milliseconds', () => {
    assert.equal(billedMilliseconds(2, 2), Math.ceil((2 * 1769) / 1024 + 40))
    assert.equal(billedMilliseconds(0.1, 0), 1)
  })

  test('of an errand, by hand', () => {
    const [errand] = ERRANDS
    const { gateway, lambda, s3, total } = costOf(errand!, invoked)
    // HEAD, GET and six blobs, 44 ms of 1 GiB each; six downloads.
    assert.equal(gateway.toFixed(9), (8e-6).toFixed(9))
    assert.equal(lambda.toFixed(9), (8 * (0.2e-6 + 0.044 * 0.0000133334)).toFixed(9))
    assert.equal(s3.toFixed(9), (8 * (0.0004 + 2 * 0.005) * 1e-3 + 6 * 0.4e-6).toFixed(9))
    assert.equal(total.toFixed(9), (gateway + lambda + s3).toFixed(9))
  })

  test('need all kinds of requests to be measured', () => {
    assert.throws(() => costOf(ERRANDS[0]!, []), /was not measured/)
  })
})

const measured = (id: string, values: Readonly<Record<string, number>>): Measured => ({
  id,
  peer: 'slipway',
  values: Object.fromEntries(Object.entries(values).map(([name, it]) => [name, summary(it)])),
  ratios: {},
})

const RESULTS: Results = {
  date: '2026-01-02T03:04:05.678Z',
  command: 'npm run bench --',
  machine: { CPU: '2 x a <fast> one' },
  participants: [
    { peer: 'slipway', title: 'Slipway', version: '1', settings: 'its defaults' },
    { peer: 'distribution', title: 'distribution 3', version: '3', settings: 'none' },
  ],
  measured: [
    measured('s3/push-docker/1x1gb', {
      seconds: 4,
      cpuSeconds: 1,
      peakBytes: 2e8,
      steadyBytes: 1e8,
    }),
    {
      ...measured('s3/push-docker/1x1gb', { seconds: 8 }),
      peer: 'distribution',
      ratios: { seconds: 0.5 },
    },
    measured('memory/push-docker-large-together', { seconds: 4, peakBytes: 2.9e8 }),
    measured('many/crowd-file/1x100mb', { seconds: 5, peakBytes: 1e8 }),
    measured('many/idle/10000+200', {
      requestsPerSecond: 1500,
      p50: 5,
      p99: 60,
      idleAtTheEnd: 9999,
      peakBytes: 1e8,
    }),
    measured('many/mixed-s3', {
      ...{ requestsPerSecond: 300, p50: 5, p99: 61, peakBytes: 1e8 },
      ...{ pushedBytesPerSecond: 2e7, pulledBytesPerSecond: 3e7 },
    }),
    { ...measured('many/mixed-s3', { p99: 122 }), peer: 'distribution', ratios: { p99: 0.5 } },
  ],
  flushed: [
    { id: 's3/push-docker/1x1gb', peer: 'slipway', flushes: 1 },
    { id: 's3/push-docker/1x1gb', peer: 'distribution', flushes: 31 },
  ],
  failures: [{ id: 's3/pull/1x1gb', peer: 'distribution', why: 'Error: it ended' }],
  counted: [{ id: 'manifest-by-tag', peer: 'slipway', calls: { GetObject: 2 }, steps: 2 }],
  grown: [
    {
      of: 'tags',
      entries: 100,
      operation: 'first page',
      milliseconds: summary(3),
      calls: { ListObjectsV2: 1 },
      extraBytes: 0,
    },
  ],
  invoked,
}

describe('budgets', () => {
  const table: readonly (readonly [
    what: string,
    results: Results,
    expected: RegExp | undefined,
  ])[] = [
    ['all kept', RESULTS, undefined],
    [
      'a call too many',
      { ...RESULTS, counted: [{ ...RESULTS.counted[0]!, calls: { GetObject: 3 } }] },
      /manifest-by-tag: 3 calls, not 2/,
    ],
    [
      'calls that nobody saw',
      { ...RESULTS, counted: [{ ...RESULTS.counted[0]!, calls: {} }] },
      /manifest-by-tag: no call was seen/,
    ],
    [
      "others' calls",
      { ...RESULTS, counted: [{ ...RESULTS.counted[0]!, peer: 'zot', calls: { GetObject: 99 } }] },
      undefined,
    ],
    [
      'memory',
      { ...RESULTS, measured: [measured('memory/a', { seconds: 99, peakBytes: 3.1e8 })] },
      /310 MB of memory, not 300/,
    ],
    [
      'time, however long',
      { ...RESULTS, measured: [measured('s3/a', { seconds: 9999, peakBytes: 9e9 })] },
      undefined,
    ],
    [
      'pages',
      { ...RESULTS, grown: [{ ...RESULTS.grown[0]!, calls: { ListObjectsV2: 2 } }] },
      /first page of 100 tags: 2 calls, not 1/,
    ],
  ]
  for (const [what, results, expected] of table) {
    test(what, () => {
      const lines = exceeded(results)
      assert.equal(lines.length, expected === undefined ? 0 : 1)
      if (expected !== undefined) assert.match(lines[0]!, expected)
    })
  }
})

test('the page has what was measured, and charts that are XML', () => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-bench-'))
  try {
    writePage(directory, RESULTS)
    const page = readFileSync(join(directory, 'benchmarks.md'), 'utf8')
    assert.match(
      page,
      /\| push, docker-style, 1 × 1 GB \| 4\.00 .*4\.00\) · 1 flush \| 8\.00 \(8\.00–8\.00\) · ×2\.00 · 31 flushes \|/,
    )
    assert.match(page, /\| GET manifest by tag \| 2 in 2 \|/)
    assert.match(page, /1\.00 s · 200 · 100/)
    assert.match(page, /100 clients pull at once, on files, 1 × 100 MB \| 5\.00/)
    assert.match(page, /idle \+ active, 10000\+200 \| 9,999 \|/)
    assert.match(page, /on S3 \| 61\.0 .* \| 122 .* · ×2\.00 \|/)
    assert.match(page, /on S3 \| 20 · 30 \|/)
    assert.match(page, /- distribution 3 failed at `s3\/pull\/1x1gb`: Error: it ended/)
    assert.doesNotMatch(page, /undefined|NaN|Infinity/)
    for (const [, file] of page.matchAll(/!\[.*\]\((.*)\)/g)) {
      const chart = readFileSync(join(directory, file!), 'utf8')
      assert.match(chart, /^<svg .*<\/svg>\n$/s)
      assert.doesNotMatch(chart, /undefined|NaN|Infinity/)
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
})

describe('options', () => {
  test('defaults', () => {
    const { rounds, only, out, sizes, resume } = readOptions([], '2026-01-02')
    assert.equal(rounds, 5)
    assert.ok(only.length > 5)
    assert.equal(out, 'bench/results/2026-01-02.json')
    assert.equal(sizes, 'full')
    assert.equal(resume, false)
  })

  for (const args of [['--rounds', '0'], ['--rounds', 'x'], ['--only', 'nothing'], ['--fast']]) {
    test(`${args.join(' ')} is refused`, () => {
      assert.throws(() => readOptions(args, ''))
    })
  }
})
