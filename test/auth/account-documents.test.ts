import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import { groupsOf } from '../../functions/auth/accounts/accounts.ts'
import {
  COST,
  hashPassword,
  oneAtATime,
  passwordFault,
  verifyPassword,
} from '../../functions/auth/accounts/bcrypt.ts'
import { parseBindings } from '../../functions/auth/accounts/bindings.ts'
import {
  parseGroups,
  withMembers,
  withoutGroup,
  withoutMembers,
} from '../../functions/auth/accounts/groups.ts'
import {
  costOf,
  readHtpasswd,
  withoutUser,
  withUser,
} from '../../functions/auth/accounts/htpasswd.ts'
import {
  findSecret,
  formatRobots,
  newSecret,
  parseRobots,
  rotated,
} from '../../functions/auth/accounts/robots.ts'
import { AccessError } from '../../functions/auth/errors.ts'
import { DocumentError } from '../../functions/shared/errors.ts'

/** Made by Apache's htpasswd 2.4 with -B, of "secret". */
const APACHE = '$2y$05$fBrpCC/0Xowh5O8J67EOP.kXdVYX.ugEsLExIVur9RCIWAG1t/3Zu'
/** The same of an empty password. */
const EMPTY = '$2y$05$Y0FOCptEAhKAdt73qvhzcOaRRMKz2g5NTqcqSfSiUo1LYfW/EMTUm'
const HASH = `$2y$05$${'a'.repeat(53)}`

const refused = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DocumentError)
  assert.match(error.message, message)
  assert.ok(!error.message.includes('a'.repeat(20)), 'no hash in a message')
  return true
}

test.each([
  ['groups', () => parseGroups('dev: alice\nhunter22')],
  ['robots', () => parseRobots('{"version": 1, hunter2')],
  ['claims of robots', () => parseBindings('{"version": 1, "x": hunter2')],
])('%s: what cannot be read is not repeated, not even in a log', (what, read) => {
  try {
    read()
    assert.fail('it is read')
  } catch (error) {
    assert.ok(error instanceof DocumentError)
    assert.match(error.message, new RegExp(`^${what}`))
    assert.ok(!inspect({ ...error, why: error.message, cause: error.cause }).includes('hunter2'))
  }
})

describe('htpasswd', () => {
  it('reads users, without comments, blank lines and carriage returns', () => {
    const text = `# people\n\nalice:${HASH}\r\nbob@example.com:${HASH}\n \n`
    assert.deepEqual([...readHtpasswd(text).users.keys()], ['alice', 'bob@example.com'])
    assert.equal(readHtpasswd(text).users.get('alice'), HASH)
    assert.equal(readHtpasswd(undefined).users.size, 0)
  })

  for (const [name, line, message] of [
    ['MD5 of Apache', 'u:$apr1$x$aaaaaaaaaaaaaaaaaaaaaa', /line 2: .*"u" is Apache's MD5.*-B/],
    ['SHA-1', 'u:{SHA}aaaaaaaaaaaaaaaaaaaaaaaaaaa=', /SHA-1/],
    ['SHA-512 crypt', 'u:$6$x$aaaaaaaaaaaaaaaaaaaaaa', /SHA-512/],
    ['SHA-256 crypt', 'u:$5$x$aaaaaaaaaaaaaaaaaaaaaa', /SHA-256/],
    ['plain text', 'u:aaaaaaaaaaaaaaaaaaaaaa', /not bcrypt/],
    ['a truncated hash', `u:${HASH.slice(0, -1)}`, /not bcrypt/],
    ['more after the hash', `u:${HASH}:x`, /not bcrypt/],
    ['the faulty bcrypt of 2011', `u:$2x$05$${'a'.repeat(53)}`, /not bcrypt/],
    ['a cost that takes hours', `u:$2y$31$${'a'.repeat(53)}`, /cost 31, expected 4 to 17/],
    ['an invalid cost', `u:$2y$03$${'a'.repeat(53)}`, /cost 3/],
    ['no colon', 'u', /line 2: expected <name>/],
    ['no name', `:${HASH}`, /it is empty/],
    ['a space in the name', `a b:${HASH}`, /a space/],
    ['the name of a robot', `robot+ci:${HASH}`, /reserved for robots/],
    ['a user twice', `alice:${HASH}`, /"alice" appears twice/],
    ['a name too long', `${'n'.repeat(256)}:${HASH}`, /longer than 255/],
  ] as const) {
    it(`leaves out ${name}, and nobody else`, () => {
      const { users, faults } = readHtpasswd(`alice:${HASH}\n${line}\nbob:${HASH}\n`)
      assert.deepEqual(
        [...users],
        [
          ['alice', HASH],
          ['bob', HASH],
        ],
      )
      assert.equal(faults.length, 1)
      assert.match(faults[0] ?? '', message)
      assert.ok(!faults[0]?.includes('a'.repeat(20)), 'no hash in a message')
    })
  }

  it('refuses what has lines and no user: it is another file, most likely', () => {
    const html = '<html>\n<body>not found</body>\n</html>\n'
    assert.throws(() => readHtpasswd(html), refused(/htpasswd, line 1: expected <name>/))
    assert.throws(
      () => readHtpasswd('u:{SHA}aaaaaaaaaaaaaaaaaaaaaaaaaaa='),
      refused(/"u" is SHA-1/),
    )
    assert.equal(readHtpasswd('# nobody yet\n').users.size, 0)
  })

  for (const [name, text, expected] of [
    ['adds to nothing', undefined, 'bob:new\n'],
    ['adds at the end', '# x\nalice:a\n', '# x\nalice:a\nbob:new\n'],
    ['adds after a line without an end', 'alice:a', 'alice:a\nbob:new\n'],
    ['replaces in place', 'bob:b\n# c\nbobby:x\n', 'bob:new\n# c\nbobby:x\n'],
    ['leaves a comment that names the user', '#bob:b\n', '#bob:b\nbob:new\n'],
  ] as const) {
    it(name, () => assert.equal(withUser(text, 'bob', 'new'), expected))
  }

  it('removes only the user', () => {
    assert.equal(withoutUser('# c\nbob:b\nbobby:x\n', 'bob'), '# c\nbobby:x\n')
    assert.equal(withoutUser('bob:b', 'bob'), '')
  })

  it('reads back any sequence of changes as a map would', () => {
    const name = fc.constantFrom('alice', 'bob', 'carol', 'd@e.f')
    const change = fc.tuple(name, fc.option(fc.constantFrom(HASH, HASH.replace('05', '06'))))
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const model = new Map<string, string>()
        let text = '# head\n'
        for (const [user, hash] of changes) {
          if (hash === null) model.delete(user)
          else model.set(user, hash)
          text = hash === null ? withoutUser(text, user) : withUser(text, user, hash)
        }
        assert.deepEqual(readHtpasswd(text).users, model)
        assert.ok(text.startsWith('# head\n'))
      }),
    )
  })
})

describe('passwords', () => {
  it('are hashed for every htpasswd to verify', async () => {
    const hash = await hashPassword('secret')
    assert.match(hash, /^\$2y\$10\$/)
    assert.equal(costOf(hash), COST)
    assert.equal(await verifyPassword('secret', hash), true)
    assert.equal(await verifyPassword('Secret', hash), false)
    assert.notEqual(await hashPassword('secret', 4), await hashPassword('secret', 4))
  })

  for (const [prefix] of [['$2a$'], ['$2b$'], ['$2y$']] as const) {
    it(`are compared to ${prefix}`, async () => {
      const hash = (await hashPassword('secret', 4)).replace('$2y$', prefix)
      assert.equal(await verifyPassword('secret', hash), true)
      assert.equal(await verifyPassword('secret ', hash), false)
    })
  }

  it('are compared to what Apache wrote', async () => {
    assert.equal(await verifyPassword('secret', APACHE), true)
    assert.equal(await verifyPassword('secret2', APACHE), false)
  })

  for (const [name, password, fault] of [
    ['empty', '', /empty/],
    ['73 bytes', 'a'.repeat(73), /73 bytes/],
    ['25 characters of 3 bytes', '€'.repeat(25), /75 bytes/],
    ['with NUL', 'a\0b', /NUL/],
  ] as const) {
    it(`cannot be ${name}`, async () => {
      assert.match(passwordFault(password) ?? '', fault)
      await assert.rejects(hashPassword(password, 4), RangeError)
    })
  }

  it('may have 72 bytes, and anything after is ignored, as in bcrypt', async () => {
    const password = '€'.repeat(24)
    const hash = await hashPassword(password, 4)
    assert.equal(await verifyPassword(password, hash), true)
    assert.equal(await verifyPassword(`${password}more`, hash), true)
    assert.equal(await verifyPassword(password.slice(1), hash), false)
  })

  it('are never right if empty or with a NUL, whatever the hash', async () => {
    for (const password of ['', '\0', '\0\0', 'secret\0secret', 'secret\0']) {
      for (const hash of [EMPTY, APACHE]) {
        assert.equal(await verifyPassword(password, hash), false, JSON.stringify(password))
      }
    }
  })

  it('are compared one at a time, others get their turn in between, and the queue is bounded', async () => {
    let running = 0
    let most = 0
    const release: (() => void)[] = []
    const verify = oneAtATime(async () => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => release.push(resolve))
      running--
      return true
    })
    const all = Array.from({ length: 100 }, () => verify('p', HASH))
    await assert.rejects(
      verify('p', HASH),
      (error) => error instanceof AccessError && error.code === 'TOOMANYREQUESTS',
    )
    for (let done = 0; done < 100; ) {
      await new Promise((resolve) => setImmediate(resolve))
      const next = release.shift()
      if (next === undefined) continue
      next()
      done++
    }
    assert.deepEqual(new Set(await Promise.all(all)), new Set([true]))
    assert.equal(most, 1)
    const after = verify('p', HASH)
    while (release.length === 0) await new Promise((resolve) => setImmediate(resolve))
    release.shift()?.()
    assert.equal(await after, true)
  })

  it('are still compared after one comparison has failed', async () => {
    let count = 0
    const verify = oneAtATime(async () => {
      if (++count === 1) throw new Error('broken')
      return true
    })
    const [first, second] = await Promise.allSettled([verify('p', HASH), verify('p', HASH)])
    assert.equal(first.status, 'rejected')
    assert.deepEqual(second, { status: 'fulfilled', value: true })
  })
})

describe('groups', () => {
  it('are read as Apache does', () => {
    const groups = parseGroups('# c\n\ndev: alice  bob\n ops :carol\ndev: robot+ci\nempty:\n')
    assert.deepEqual(
      [...groups].map(([name, members]) => [name, [...members]]),
      [
        ['dev', ['alice', 'bob', 'robot+ci']],
        ['ops', ['carol']],
        ['empty', []],
      ],
    )
    assert.deepEqual(groupsOf(groups, 'alice'), ['dev'])
    assert.deepEqual(groupsOf(groups, 'ali'), [])
  })

  const text = '# who\ndev: alice  bob\nops:\n\ndev: carol # x'
  for (const [name, changed, expected] of [
    ['a group to nothing', withMembers(undefined, 'dev', ['a', 'b', 'a']), 'dev: a b\n'],
    ['a group to none', withMembers('', 'dev', []), 'dev:\n'],
    ['a group', withMembers('a: b', 'dev', ['a']), 'a: b\ndev: a\n'],
    [
      'members',
      withMembers(text, 'dev', ['carol', 'dan']),
      '# who\ndev: alice bob dan\nops:\n\ndev: carol # x\n',
    ],
    ['a member to an empty group', withMembers('ops:\n', 'ops', ['a']), 'ops: a\n'],
    [
      'no member from one group',
      withoutMembers('dev: a b\nops: a\n', ['a'], 'ops'),
      'dev: a b\nops:\n',
    ],
    [
      'no member anywhere',
      withoutMembers('# a\ndev: a b\nops: a ab\n', ['a']),
      '# a\ndev: b\nops: ab\n',
    ],
    ['no group', withoutGroup(text, 'dev'), '# who\nops:\n\n'],
  ] as const) {
    it(`get ${name}, and comments and order are kept`, () => assert.equal(changed, expected))
  }

  for (const line of ['dev alice', ': alice', 'a b: alice']) {
    it(`refuses ${JSON.stringify(line)}`, () => {
      assert.throws(() => parseGroups(`ok: x\n${line}`), refused(/line 2/))
    })
  }
})

describe('robots', () => {
  const now = Date.UTC(2030, 0, 1)
  const day = 24 * 60 * 60_000

  it('have secrets of 256 random bits, of which only the digest is written', () => {
    const { secret, entry } = newSecret(now, day)
    assert.match(secret, /^slipway_[A-Za-z0-9_-]{43}$/)
    assert.notEqual(newSecret(now, day).secret, secret)
    const text = formatRobots(new Map([['ci', [entry]]]))
    assert.ok(!text.includes(secret.slice(8)))
    const entries = parseRobots(text).get('ci')!
    assert.deepEqual(entries, [entry])
    assert.equal(findSecret(entries, secret, now)?.id, entry.id)
    assert.equal(findSecret(entries, secret.toUpperCase(), now), undefined)
    assert.equal(findSecret(entries, entry.sha256, now), undefined)
    assert.equal(findSecret([], secret, now), undefined)
  })

  it('have secrets that expire, or do not', () => {
    const { secret, entry } = newSecret(now, day)
    assert.ok(findSecret([entry], secret, now + day - 1))
    assert.equal(findSecret([entry], secret, now + day), undefined)
    const forever = newSecret(now, null)
    assert.ok(findSecret([forever.entry], forever.secret, now + 10_000 * day))
  })

  it('keep their other secrets for a while when one is added', () => {
    const [old, ending, forever, added] = [
      newSecret(now - 2 * day, day),
      newSecret(now, day / 2),
      newSecret(now, null),
      newSecret(now, 90 * day),
    ]
    const entries = rotated(
      [old, ending, forever].map((each) => each.entry),
      added.entry,
      now,
      now + day,
    )
    assert.deepEqual(
      entries.map(({ id, expires }) => [id, expires]),
      [
        [ending.entry.id, ending.entry.expires],
        [forever.entry.id, new Date(now + day).toISOString()],
        [added.entry.id, added.entry.expires],
      ],
    )
    assert.deepEqual(rotated(entries, old.entry, now, now), [old.entry], 'at once')
  })

  const valid = {
    id: '00000000',
    sha256: '0'.repeat(64),
    created: '2030-01-01T00:00:00Z',
    expires: null,
  }
  for (const [name, text, message] of [
    ['no JSON', '{', /expected JSON/],
    ['another version', '{"version":2,"robots":[]}', /version/],
    ['an unknown field', '{"version":1,"robots":[],"x":1}', /"x"/],
    ['a bad name', '{"version":1,"robots":[{"name":"A","secrets":[]}]}', /not a valid robot name/],
    [
      'a name twice',
      JSON.stringify({ version: 1, robots: Array(2).fill({ name: 'a', secrets: [valid] }) }),
      /twice/,
    ],
    [
      'an end that is no date',
      JSON.stringify({
        version: 1,
        robots: [{ name: 'a', secrets: [{ ...valid, expires: 'x' }] }],
      }),
      /expires/,
    ],
    [
      'a secret without an end',
      JSON.stringify({
        version: 1,
        robots: [{ name: 'a', secrets: [{ ...valid, expires: undefined }] }],
      }),
      /expires/,
    ],
  ] as const) {
    it(`refuses ${name}`, () => assert.throws(() => parseRobots(text), refused(message)))
  }
})
