/**
 * Signing keys in the store: made once, shared by all instances, rotated without a gap.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { hasCode } from '../../functions/api/errors.ts'
import { foreignVerifier } from '../../functions/auth/issuers/verify.ts'
import {
  newKeyDocument,
  PUBLISH_AHEAD,
  parseKeyDocument,
  withNewKey,
} from '../../functions/auth/keys/key-document.ts'
import { publishedAt, signingAt } from '../../functions/auth/keys/signing-keys.ts'
import { rotateSigningKeys, storedSigningKeys } from '../../functions/auth/keys/stored-keys.ts'
import { issueToken } from '../../functions/auth/tokens/issue.ts'
import { createTokenVerifier } from '../../functions/auth/tokens/verify.ts'
import { SIGNING_KEYS_KEY } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { openFiles, STORES } from '../support/rig/stores.ts'

const HOUR = 3_600_000
const START = Date.UTC(2026, 0, 1)

/** One instance: its keys, its tokens, its verifier, on a clock that all share. */
const instance = (store: ObjectStore, now: () => number) => {
  const keys = storedSigningKeys(store, now)
  const others = { get: async () => foreignVerifier([], now) }
  const { verify } = createTokenVerifier({ issuer: 'own', audience: 'here', keys, others, now })
  return {
    keys,
    verify,
    issue: async (lifetime = 3600) => {
      const signer = await keys.signer()
      const who = { issuer: 'own', audience: 'here', subject: 'a', kind: 'user' } as const
      return (await issueToken({ signer, ...who, access: [], lifetime, now })).token
    },
  }
}

for (const [name, open] of STORES) {
  describe(`signing keys in a ${name}`, () => {
    test('instances that start at once agree on one key', async () => {
      const { store, close } = await open()
      try {
        const now = () => START
        const all = Array.from({ length: 8 }, () => instance(store, now))
        const kids = await Promise.all(all.map(async ({ keys }) => (await keys.signer()).kid))
        assert.equal(new Set(kids).size, 1)
        const late = await instance(store, now).keys.published()
        assert.deepEqual(
          late.map(({ kid }) => kid),
          [kids[0]],
        )
      } finally {
        await close()
      }
    })

    test('no concurrent rotation is lost', async () => {
      const { store, close } = await open()
      try {
        const options = { now: START, longestToken: HOUR }
        const kids = await Promise.all([1, 2, 3].map(() => rotateSigningKeys(store, options)))
        const published = await instance(store, () => START).keys.published()
        assert.equal(published.length, 4)
        for (const kid of kids) assert.ok(published.some((key) => key.kid === kid))
      } finally {
        await close()
      }
    })
  })
}

describe('rotation', () => {
  test('no token from before, during or after it fails on any instance', async () => {
    const { store, close } = await openFiles()
    try {
      let time = START
      const now = () => time
      const [busy, other] = [instance(store, now), instance(store, now)]
      const before = await busy.issue()
      await other.verify(before)

      const kid = await rotateSigningKeys(store, { now: time, longestToken: HOUR })
      const kids: string[] = []
      for (let minute = 0; minute < 30; minute++) {
        time = START + minute * 60_000
        const token = await busy.issue()
        await other.verify(token)
        await busy.verify(before)
        kids.push((await busy.keys.signer()).kid)
      }
      assert.equal(kids.lastIndexOf(kids[0]!), PUBLISH_AHEAD / 60_000 - 1)
      assert.equal(kids.at(-1), kid)
      assert.equal(new Set(kids).size, 2)
      assert.equal((await other.keys.published()).length, 2)
    } finally {
      await close()
    }
  })

  test('an old key is dropped when its last token has expired', async () => {
    const first = newKeyDocument(START)
    const second = withNewKey(first, { now: START, longestToken: HOUR })
    const begins = START + PUBLISH_AHEAD
    const counts = [begins, begins + HOUR, begins + HOUR + 299_999, begins + HOUR + 300_000].map(
      (at) => publishedAt(second.keys, at).length,
    )
    assert.deepEqual(counts, [2, 2, 2, 1])
    const third = withNewKey(second, { now: begins + 2 * HOUR, longestToken: HOUR })
    assert.deepEqual(third.keys.map(({ jwk }) => jwk.x)[0], second.keys[1]?.jwk.x)
    assert.equal(third.keys.length, 2)
  })

  test('a later rotation does not lengthen the life of older keys', () => {
    const second = withNewKey(newKeyDocument(START), { now: START, longestToken: HOUR })
    const third = withNewKey(second, { now: START + 1, longestToken: 100 * HOUR })
    assert.equal(third.keys[0]?.ends, second.keys[0]?.ends)
  })

  test('an instance whose clock lags still signs', () => {
    const document = newKeyDocument(START)
    assert.equal(signingAt(document.keys, START - 1), document.keys[0])
  })

  test('revoking ends every token within 30 seconds', async () => {
    const { store, close } = await openFiles()
    try {
      let time = START
      const now = () => time
      const { keys, issue, verify } = instance(store, now)
      const token = await issue()
      await verify(token)
      const kid = await rotateSigningKeys(store, { now: time, longestToken: HOUR, revoke: true })
      time += 30_000
      await assert.rejects(verify(token), /which its issuer does not have/)
      assert.equal((await keys.signer()).kid, kid)
      await verify(await issue())
    } finally {
      await close()
    }
  })

  test('a key with which another instance already signs is loaded at once', async () => {
    const { store, close } = await openFiles()
    try {
      let time = START
      const now = () => time
      const old = instance(store, now)
      await old.keys.signer()
      time += 10_000
      await rotateSigningKeys(store, { now: time, longestToken: HOUR, revoke: true })
      await old.verify(await instance(store, now).issue())
    } finally {
      await close()
    }
  })
})

describe('a store that fails', () => {
  const failing = (store: ObjectStore, fails: () => boolean): ObjectStore => ({
    ...store,
    get: (key, range) => (fails() ? Promise.reject(new Error('down')) : store.get(key, range)),
  })

  test('is not noticed for an hour, and then it is', async () => {
    const { store, close } = await openFiles()
    try {
      let time = START
      let down = false
      const { verify, issue } = instance(
        failing(store, () => down),
        () => time,
      )
      await issue()
      down = true
      time += HOUR - 1
      await verify(await issue())
      time += 6_000
      await assert.rejects(issue(), /down/)
      down = false
      time += 5_000
      await verify(await issue())
    } finally {
      await close()
    }
  })

  const damaged: readonly (readonly [string, (text: string) => string])[] = [
    ['cut off', (text) => text.slice(0, -9)],
    ['of another version', (text) => text.replace('"version":1', '"version":2')],
    ['without keys', () => '{"version":1,"keys":[]}'],
    ['with another curve', (text) => text.replace('P-256', 'P-384')],
    ['with an invalid key', (text) => text.replace(/"x":"[^"]+"/, '"x":"AA"')],
  ]
  for (const [name, damage] of damaged) {
    test(`a document ${name} is refused, not replaced, and not quoted`, async () => {
      const { store, close } = await openFiles()
      try {
        const text = JSON.stringify(newKeyDocument(START))
        assert.equal(parseKeyDocument(Buffer.from(text)).keys.length, 1)
        const bytes = Buffer.from(damage(text))
        const { etag } = await store.put(SIGNING_KEYS_KEY, bytes)
        await assert.rejects(instance(store, () => START).keys.signer(), (error: Error) => {
          assert.ok(hasCode(error, 'UNAVAILABLE'))
          assert.match(String(error.cause), /document of signing keys, .*signing-keys, is damaged/)
          assert.ok(!`${error.stack}${(error.cause as Error).stack}`.includes('"d"'))
          return true
        })
        assert.equal((await store.head(SIGNING_KEYS_KEY))?.etag, etag)
      } finally {
        await close()
      }
    })
  }
})
