/**
 * Registries that are wrong in one way each: the smoke checks must say so. Each check has at least one
 * row here, for a check that cannot fail is worth nothing.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, type TestContext, test, vi } from 'vitest'
import { CHECKS } from '../../../functions/cli/smoke/checks.ts'
import { runChecks } from '../../../functions/cli/smoke/run.ts'
import { type Distortion, startDistorting } from './distort.ts'
import { onFiles, onS3, type Subject } from './subjects.ts'
import { WRONG_ACCESS } from './wrongs/access.ts'
import { change, gatewaySays, larger, on, type Wrong } from './wrongs/changes.ts'
import { WRONG_MANIFESTS } from './wrongs/manifests.ts'
import { WRONG_PUSHES } from './wrongs/push.ts'
import { WRONG_READS } from './wrongs/reads.ts'

const WRONGS: readonly Wrong[] = [
  ...WRONG_ACCESS,
  ...WRONG_PUSHES,
  ...WRONG_MANIFESTS,
  ...WRONG_READS,
]

/** What an S3 does wrong that has to refuse and does not. */
const LENIENT: Distortion = {
  answer: (_, passed) => (passed.status === 403 ? { ...passed, status: 200 } : passed),
}

/** The result of one check, and what was printed. */
const look = async (subject: Subject, origin: string, id: string) => {
  const checks = CHECKS.filter((check) => check.id === id)
  assert.equal(checks.length, 1, `there is no check ${id}`)
  const printed: string[] = []
  const [result] = await runChecks({ ...subject, origin }, checks, (line) => printed.push(line))
  return { verdict: result?.verdict, printed: printed.join('\n') }
}

/** Looks through a proxy that is wrong. */
const lookThrough = async (subject: Subject, { check, distortion }: Wrong) => {
  const proxy = await startDistorting(subject.origin, distortion)
  try {
    return await look(subject, proxy.origin, check)
  } finally {
    await proxy.stop()
  }
}

describe('a registry that is wrong', () => {
  let subject: Subject
  beforeAll(async () => {
    subject = await onFiles()
  })
  afterAll(() => subject.stop())

  for (const wrong of WRONGS) {
    test(`${wrong.check}: ${wrong.how}`, async () => {
      const right = await lookThrough(subject, { ...wrong, distortion: {} })
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
    const says = /takes too long/
    const { printed } = await lookThrough(subject, {
      check: 'body-7MB',
      how: '',
      distortion,
      says,
    })
    assert.match(printed, says)
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
  const covered = new Set([...WRONGS.map(({ check }) => check), ...elsewhere, ...ofStores])
  assert.deepEqual(
    CHECKS.map(({ id }) => id).filter((id) => !covered.has(id)),
    [],
  )
})
