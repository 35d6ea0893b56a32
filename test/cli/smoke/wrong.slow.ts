/**
 * Registries that are wrong in one way each: the smoke checks must say so. Each check has at least one
 * row here, for a check that cannot fail is worth nothing.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, type TestContext, test, vi } from 'vitest'
import { locationHabit } from '../../../functions/api/upload-clients.ts'
import type { Check } from '../../../functions/cli/smoke/check.ts'
import { putAtEdge } from '../../../functions/cli/smoke/checks/edge.ts'
import { CHECKS, CHECKS_WITH_GIGABYTE } from '../../../functions/cli/smoke/checks.ts'
import { runChecks } from '../../../functions/cli/smoke/run.ts'
import { CONTAINERD, DOCKER } from '../../../functions/cli/smoke/session.ts'
import { type Distortion, startDistorting } from './distort.ts'
import { look, lookThrough } from './look.ts'
import { onFiles, onS3, type Subject } from './subjects.ts'
import { WRONG_ACCESS } from './wrongs/access.ts'
import {
  BLOB,
  change,
  gatewaySays,
  headers,
  larger,
  on,
  START,
  UPLOAD,
  type Wrong,
} from './wrongs/changes.ts'
import { WRONG_LARGE, WRONG_UPLOAD_HOSTS } from './wrongs/large.ts'
import { WRONG_MANIFESTS } from './wrongs/manifests.ts'
import { WRONG_PUSHES } from './wrongs/push.ts'
import { WRONG_READS } from './wrongs/reads.ts'

const WRONGS: readonly Wrong[] = [
  ...WRONG_ACCESS,
  ...WRONG_PUSHES,
  ...WRONG_MANIFESTS,
  ...WRONG_READS,
  ...WRONG_UPLOAD_HOSTS,
]

/** What an S3 does wrong that has to refuse and does not. */
const LENIENT: Distortion = {
  answer: (_, passed) => (passed.status === 403 ? { ...passed, status: 200 } : passed),
}

describe('a registry that is wrong', () => {
  let subject: Subject
  beforeAll(async () => {
    subject = await onFiles()
  })
  afterAll(() => subject.stop())

  for (const wrong of WRONGS) {
    test(`${wrong.check}: ${wrong.how}`, async () => {
      const upload = wrong.upload && { upload: {} }
      const right = await lookThrough(subject, { ...wrong, distortion: {}, ...upload })
      assert.equal(right.verdict, 'ok', right.printed)
      const { verdict, printed } = await lookThrough(subject, wrong)
      assert.equal(verdict, 'NOT', printed)
      assert.match(printed, wrong.says)
    })
  }

  /** Makes each reading of the clock ten seconds later than the one before. */
  const hurry = (t: TestContext): void => {
    let now = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 20_000
      return now
    })
    t.onTestFinished(() => clock.mockRestore())
  }
  for (const check of ['first-response', 'warm-responses']) {
    test(`${check}: answers after 20 seconds`, async (t) => {
      hurry(t)
      assert.equal((await look(subject, subject.origin, check)).verdict, 'NOT')
    })
  }

  test('body-7MB: a refusal after 20 seconds', async (t) => {
    hurry(t)
    const distortion = change(larger(7_000_000), gatewaySays(413))
    const { printed } = await lookThrough(subject, { check: 'body-7MB', distortion })
    assert.match(printed, /takes too long/)
  })

  test('tls: plain HTTP beyond loopback', async () => {
    const { verdict, printed } = await look(subject, 'http://registry.example', 'tls')
    assert.equal(verdict, 'NOT')
    assert.match(printed, /clients refuse plain HTTP/)
  })

  test('delete: what was pushed stays', async () => {
    const checks = CHECKS.filter(({ id }) => ['manifest-get', 'delete'].includes(id))
    const proxy = await startDistorting(subject.origin, change(on('DELETE', /./), gatewaySays(405)))
    const printed: string[] = []
    const target = { ...subject, origin: proxy.origin }
    const results = await runChecks(target, checks, (line) => printed.push(line))
    await proxy.stop()
    assert.deepEqual(
      results.map(({ verdict }) => verdict),
      ['ok', 'NOT'],
    )
    assert.match(printed.join('\n'), /not deleted: 405 for manifests\/sha256/)
  })
})

test('the registry takes smoke for clients that follow', () => {
  for (const agent of [DOCKER, CONTAINERD]) assert.equal(locationHabit(agent), 'follows')
})

describe('an upload host', () => {
  let subject: Subject
  beforeAll(async () => {
    subject = await onFiles()
  })
  afterAll(() => subject.stop())
  const followed = { check: 'location-followed', distortion: {}, upload: {} }

  test('that is named is the one that is led to', async () => {
    const { verdict, printed } = await lookThrough(subject, followed, (host) => host)
    assert.equal(verdict, 'ok', printed)
    assert.match(printed, /202, to 127\.0\.0\.1:\d+: PATCH 202, PUT 201; HEAD here 200/)
  })

  test('is another one than is named', async () => {
    const { verdict, printed } = await lookThrough(subject, followed, () => 'https://a.example')
    assert.equal(verdict, 'NOT')
    assert.match(printed, /it does not lead to https:\/\/a\.example/)
  })

  test('that cannot be reached is one line', async () => {
    const location = 'http://127.0.0.1:1/v2/a/blobs/uploads/1'
    const proxy = await startDistorting(subject.origin, change(START, headers({ location })))
    const checks = CHECKS.filter(({ id }) => /^location-followed$|50MB|^push-host/.test(id))
    const printed: string[] = []
    const target = { ...subject, origin: proxy.origin }
    const results = await runChecks(target, checks, (line) => printed.push(line))
    await proxy.stop()
    const not = results.filter(({ verdict }) => verdict === 'NOT')
    assert.deepEqual(
      not.map(({ wrong }) => wrong),
      ['http://127.0.0.1:1 cannot be reached: nothing listens there (ECONNREFUSED)'],
    )
    for (const { verdict, seen } of results.slice(1)) {
      assert.deepEqual([verdict, seen], ['unknown', 'skipped: the upload host cannot be reached'])
    }
    assert.equal(results.length, 7)
  })

  for (const check of ['location-followed', 'push-host-challenge', 'push-host-manifest-head']) {
    test(`is not there: ${check}`, async () => {
      const { verdict, printed } = await look(subject, subject.origin, check)
      assert.equal(verdict, 'unknown')
      assert.match(printed, /skipped: no upload host\n/)
    })
  }
})

describe('a registry that goes away', () => {
  test('ends the run in a line', async () => {
    const subject = await onFiles()
    const { origin } = subject
    const printed: string[] = []
    const checks = CHECKS.filter(({ id }) => ['challenge', 'not-found'].includes(id))
    await subject.stop()
    await assert.rejects(
      runChecks(subject, checks, (line) => printed.push(line)),
      {
        name: 'CommandError',
        message: `${origin} cannot be reached: nothing listens there (ECONNREFUSED)`,
      },
    )
    assert.equal(printed.filter((line) => /^(ok|NOT|unknown)/.test(line)).length, 1)
  })
})

describe('a store that is wrong', () => {
  for (const check of ['presigned-head', 'presigned-tampered', 'bucket-private']) {
    test(`${check}: nothing is refused`, async () => {
      const subject = await onS3(LENIENT)
      try {
        assert.equal((await look(subject, subject.origin, check)).verdict, 'NOT')
      } finally {
        await subject.stop()
      }
    })
  }

  test('blob-range: Range is lost', async () => {
    const subject = await onS3({
      request: ({ headers: { range: _, ...others }, ...asked }) => ({ ...asked, headers: others }),
    })
    try {
      const { verdict, printed } = await look(subject, subject.origin, 'blob-range')
      assert.equal(verdict, 'NOT')
      assert.match(
        printed,
        /200, no Content-Range\n.*cannot resume interrupted pulls \(expected 206\)/,
      )
    } finally {
      await subject.stop()
    }
  })
})

test('there is a wrong registry for each check', () => {
  const elsewhere = ['first-response', 'warm-responses', 'tls', 'delete']
  const ofStores = ['presigned-head', 'presigned-tampered', 'bucket-private', 'blob-range']
  const covered = new Set([
    ...[...WRONGS, ...WRONG_LARGE].map(({ check }) => check),
    ...elsewhere,
    ...ofStores,
  ])
  assert.deepEqual(
    CHECKS.map(({ id }) => id).filter((id) => !covered.has(id)),
    [],
  )
})

describe('a gigabyte, by a smaller one', () => {
  const SIZE = 300_000
  let subject: Subject
  beforeAll(async () => {
    subject = await onFiles()
  })
  afterAll(() => subject.stop())

  const put = async (distortion: Distortion) => {
    const proxy = await startDistorting(subject.origin, distortion)
    const target = { ...subject, origin: proxy.origin }
    const [result] = await runChecks(target, [putAtEdge(SIZE)], () => {})
    await proxy.stop()
    return result
  }

  test('is made only where it is asked for, before what was pushed is deleted', () => {
    const ids = (checks: readonly Check[]) => checks.map(({ id }) => id)
    assert.deepEqual(ids(CHECKS_WITH_GIGABYTE).slice(-2), ['put-1GB-edge', 'delete'])
    assert.deepEqual(
      ids(CHECKS_WITH_GIGABYTE).filter((id) => id !== 'put-1GB-edge'),
      ids(CHECKS),
    )
  })

  test('is stored', async () => {
    const result = await put({})
    assert.equal(result?.verdict, 'ok')
    assert.match(result?.seen ?? '', /^PUT 201 after \d+ s, \d+ MB\/s; HEAD 200, 300000 bytes$/)
  })

  const elsewhere = headers({ location: 'http://127.0.0.1:1/v2/a/blobs/uploads/1' })
  for (const [how, distortion, verdict, says] of [
    [
      'is refused',
      change(on('PUT', UPLOAD), gatewaySays(413)),
      'NOT',
      /300000 bytes are not stored: PUT 413/,
    ],
    ['takes too long', change(on('PUT', UPLOAD), gatewaySays(504)), 'NOT', /not stored: PUT 504/],
    [
      'is not there',
      change(on('HEAD', BLOB), gatewaySays(404)),
      'NOT',
      /not there after it was pushed/,
    ],
    [
      'is shorter',
      change(on('HEAD', BLOB), headers({ 'content-length': '9' })),
      'NOT',
      /another length/,
    ],
    [
      'goes elsewhere',
      change(START, elsewhere),
      'unknown',
      /uploads do not stay at this name, but go to 127/,
    ],
  ] as const) {
    test(how, async () => {
      const result = await put(distortion)
      assert.equal(result?.verdict, verdict)
      assert.match(`${result?.seen} ${result?.wrong}`, says)
    })
  }
})
