import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { ACTIONS, type Action } from '../../functions/auth/access.ts'
import { ANONYMOUS, type Identity } from '../../functions/auth/identity.ts'
import { livePolicy } from '../../functions/auth/policy/live-policy.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import {
  allowedActions,
  allows,
  allowsEverywhere,
  compilePolicy,
  DENY_ALL,
  mayAnything,
} from '../../functions/auth/policy/policy.ts'
import { policyJsonSchema, policySchema } from '../../functions/auth/policy/schema.ts'
import { POLICY_KEY } from '../../functions/registry/layout.ts'
import { compileGlob, globFault, MAX_GLOB } from '../../functions/shared/glob.ts'
import { createClock, emptyStore, write } from './harness.ts'
import {
  globs,
  IDENTITIES,
  modelAllows,
  repositories,
  rules,
  type WrittenRule,
} from './policy-model.ts'

const policyOf = (written: readonly WrittenRule[]) =>
  parsePolicy(JSON.stringify({ version: 1, rules: written }))

/** Without the text between, for many. */
const compiled = (written: readonly WrittenRule[]) =>
  compilePolicy(policySchema.parse({ version: 1, rules: written }).rules)

const user = (name: string, ...groups: string[]): Identity => ({
  kind: 'user',
  name,
  groups,
  claims: {},
})

const identities = fc.constantFrom(...IDENTITIES)

describe('a policy', () => {
  it('decides as the model does', () => {
    let allowed = 0
    fc.assert(
      fc.property(rules, identities, repositories, (written, identity, repository) => {
        const expected = ACTIONS.filter((action) =>
          modelAllows(written, identity, repository, action),
        )
        allowed += expected.length
        assert.deepEqual(allowedActions(compiled(written), identity, repository), expected)
      }),
      { numRuns: 10_000 },
    )
    assert.ok(allowed > 1_000, `${allowed} allowed: enough to mean something`)
  })

  it('says that it allows everywhere only where it does', () => {
    let yes = 0
    fc.assert(
      fc.property(
        rules,
        identities,
        fc.constantFrom<Action>(...ACTIONS, 'override'),
        fc.array(repositories, { minLength: 1, maxLength: 8 }),
        (written, identity, action, names) => {
          if (!allowsEverywhere(compiled(written), identity, action)) return
          yes++
          for (const name of names) assert.ok(modelAllows(written, identity, name, action), name)
        },
      ),
      { numRuns: 10_000 },
    )
    assert.ok(yes > 200, `${yes} times yes: enough to mean something`)
  })

  it('says that anonymous callers may do nothing only where they may not', () => {
    let no = 0
    fc.assert(
      fc.property(rules, repositories, (written, repository) => {
        if (mayAnything(compiled(written), ANONYMOUS)) return
        no++
        for (const action of ACTIONS) {
          assert.equal(modelAllows(written, ANONYMOUS, repository, action), false)
        }
      }),
      { numRuns: 5_000 },
    )
    assert.ok(no > 200)
  })

  it('denies everything if no rule matches, or if there is none', () => {
    for (const identity of IDENTITIES) {
      assert.deepEqual(allowedActions(DENY_ALL, identity, 'a'), [])
      assert.deepEqual(allowedActions(policyOf([]), identity, 'a'), [])
      assert.equal(allowsEverywhere(DENY_ALL, identity, 'pull'), false)
    }
    assert.equal(mayAnything(DENY_ALL, ANONYMOUS), false)
  })

  it('goes by the first rule that matches', () => {
    const open = { who: ['authenticated'], repositories: ['**'], actions: ['*'] }
    const secret = { who: ['authenticated'], repositories: ['secret/**'], actions: ['*'] }
    const deny = { ...secret, effect: 'deny' as const }
    const admins = { ...secret, who: ['group:admins'] }
    for (const [written, name, groups, action, expected] of [
      [[open, deny], 'secret/a', [], 'pull', true],
      [[deny, open], 'secret/a', [], 'pull', false],
      [[deny, open], 'secrets/a', [], 'pull', true],
      [[admins, deny, open], 'secret/a', ['admins'], 'delete', true],
      [[admins, deny, open], 'secret/a', ['users'], 'delete', false],
      [[{ ...deny, actions: ['push'] }, open], 'secret/a', [], 'pull', true],
      [[{ ...deny, actions: ['push'] }, open], 'secret/a', [], 'push', false],
    ] as const) {
      assert.equal(allows(policyOf(written), user('alice', ...groups), name, action), expected)
    }
  })

  for (const [claim, claims, expected] of [
    ['role=admin', { role: 'admin' }, true],
    ['role=admin', { role: ['reader', 'admin'] }, true],
    ['role=admin', { role: 'administrator' }, false],
    ['role=admin', { role: [['admin']] }, false],
    ['role=a=b', { role: 'a=b' }, true],
    ['level=3', { level: 3 }, true],
    ['realm.role=admin', { realm: { role: ['admin'] } }, true],
    ['realm.role=admin', { 'realm.role': 'admin' }, true],
    ['kubernetes.io.namespace=ci', { 'kubernetes.io': { namespace: 'ci' } }, true],
    ['realm.role=admin', { realm: [{ role: 'admin' }] }, false],
    ['realm=[object Object]', { realm: {} }, false],
    ['role=null', { role: null }, false],
    ['constructor.name=Object', {}, false],
    ['role.length=1', { role: ['x'] }, false],
    ['role!=admin', { role: 'reader' }, true],
    ['role!=admin', { role: 'admin' }, false],
    ['role!=admin', { role: ['reader', 'admin'] }, false],
    ['role!=admin', { role: ['reader', 'writer'] }, true],
    ['role!=admin', {}, false],
    ['role!=admin', { role: [] }, false],
    ['role!=admin', { role: null }, false],
    ['role!=admin', { role: {} }, false],
    ['realm.role!=admin', { 'realm.role': 'reader', realm: { role: 'admin' } }, false],
    ['ref~refs/heads/*', { ref: 'refs/heads/main' }, true],
    ['ref~refs/heads/*', { ref: 'refs/heads/feature/a' }, false],
    ['ref~refs/heads/**', { ref: 'refs/heads/feature/a' }, true],
    ['ref~refs/tags/v*', { ref: 'refs/heads/v1' }, false],
    ['ref~refs/heads/main', { ref: 'refs/heads/main' }, true],
    ['ref~refs/heads/main', { ref: 'refs/heads/main2' }, false],
    ['sub~repo:Example/App:*', { sub: 'repo:Example/App:pull_request' }, true],
    ['sub~*.$^', { sub: 'x.$^' }, true],
    ['level~*', { level: 3 }, true],
    ['ref~**', {}, false],
    ['event!~pull_request*', { event: 'push' }, true],
    ['event!~pull_request*', { event: 'pull_request_target' }, false],
    ['event!~pull_request*', { event: ['push', 'pull_request'] }, false],
    ['event!~pull_request*', {}, false],
    ['role=a~b', { role: 'a~b' }, true],
    ['role=~a', { role: '~a' }, true],
    ['role=*', { role: 'x' }, false],
    ['role!x=a', { 'role!x': 'a' }, true],
  ] as const) {
    it(`takes ${JSON.stringify(claims)} ${expected ? '' : 'not '}for ${claim}`, () => {
      const rule = { who: [`claim:${claim}`], repositories: ['a'], actions: ['pull'] }
      const identity: Identity = { kind: 'token', name: 'x', groups: [], claims }
      assert.equal(allows(policyOf([rule]), identity, 'a', 'pull'), expected)
      const local: Identity = { ...identity, kind: 'user' }
      assert.equal(allows(policyOf([rule]), local, 'a', 'pull'), false)
    })
  }

  for (const [who, anonymous, expected] of [
    ['anonymous', ['a'], true],
    ['authenticated', ['**'], false],
    ['anonymous', [`\${user}/**`], false],
  ] as const) {
    it(`tells whether ${who} on ${anonymous} lets anonymous callers do anything`, () => {
      const rule = { who: [who], repositories: anonymous, actions: ['pull'] }
      assert.equal(mayAnything(policyOf([rule]), ANONYMOUS), expected)
      const deny = { ...rule, repositories: ['**'], effect: 'deny' as const }
      assert.equal(mayAnything(policyOf([deny, rule]), ANONYMOUS), false)
    })
  }

  it('allows everything to those to whom the starting policy does', () => {
    const starting = { who: ['authenticated'], repositories: ['**'], actions: ['*'] }
    assert.equal(allowsEverywhere(policyOf([starting]), user('alice'), 'pull'), true)
    assert.equal(allowsEverywhere(policyOf([starting]), ANONYMOUS, 'pull'), false)
    const own = { ...starting, repositories: [`\${user}/x`], effect: 'deny' as const }
    assert.equal(allowsEverywhere(policyOf([own, starting]), user('alice'), 'pull'), false)
    assert.equal(allowsEverywhere(policyOf([own, starting]), user('A'), 'pull'), true)
  })
})

describe('a name in a pattern', () => {
  const rule = (glob: string) =>
    policyOf([{ who: ['authenticated'], repositories: [glob], actions: ['pull'] }])
  for (const [name, kind, glob, repository, expected] of [
    ['alice', 'user', `\${user}/**`, 'alice/app', true],
    ['alice', 'user', `\${user}/**`, 'bob/app', false],
    ['alice', 'user', `\${user}/**`, 'alice', false],
    ['alice', 'user', `team-\${user}`, 'team-alice', true],
    ['robot+ci', 'robot', `\${user}/**`, 'ci/app', true],
    ['**', 'user', `\${user}/**`, 'bob/app', false],
    ['*', 'user', `\${user}/**`, 'bob/app', false],
    ['b*', 'user', `\${user}/**`, 'bob/app', false],
    ['a/b', 'user', `\${user}/**`, 'a/b/c', false],
    ['..', 'user', `\${user}/**`, '../c', false],
    ['.', 'user', `\${user}**`, '.a', false],
    [`\${user}`, 'user', `\${user}/**`, 'x/c', false],
    ['a.c', 'user', `\${user}/**`, 'abc/c', false],
    ['a.c', 'user', `\${user}/**`, 'a.c/c', true],
    ['Alice', 'user', `\${user}/**`, 'alice/app', false],
    ['alice@example.com', 'user', `\${user}/**`, 'alice@example.com/a', false],
    ['', 'anonymous', `\${user}**`, 'a', false],
    ['alice', 'token', `\${user}/*`, 'alice/app', true],
  ] as const) {
    it(`${kind} ${name} ${expected ? 'may' : 'may not'} pull ${repository} by ${glob}`, () => {
      const identity: Identity = { kind, name, groups: [], claims: {} }
      const who = kind === 'anonymous' ? 'anonymous' : 'authenticated'
      assert.equal(allows(rule(glob), identity, repository, 'pull'), expected)
      const policy = policyOf([{ who: [who], repositories: [glob], actions: ['pull'] }])
      assert.equal(allows(policy, identity, repository, 'pull'), expected)
    })
  }
})

describe('a pattern', () => {
  for (const [glob, matching, others] of [
    ['a', ['a'], ['b', 'aa', 'a/a']],
    ['*', ['a', 'a-b'], ['a/b']],
    ['**', ['a', 'a/b/c'], []],
    ['a/*', ['a/b'], ['a', 'a/b/c', 'b/a/b', 'aa/b']],
    ['a/**', ['a/b', 'a/b/c'], ['a', 'aa/b']],
    ['**/x', ['a/x', 'a/b/x'], ['x', 'a/xx']],
    ['*/x', ['a/x'], ['a/b/x']],
    ['a*c', ['ac', 'abc'], ['a/c', 'abcd']],
    ['a**c', ['ac', 'a/c', 'a/b/c'], ['ab']],
    ['a.c', ['a.c'], ['abc']],
  ] as const) {
    it(`${glob} matches ${matching.join(' ')}`, () => {
      const pattern = compileGlob(glob)
      for (const name of matching) assert.equal(pattern.matches(name, ''), true, name)
      for (const name of others) assert.equal(pattern.matches(name, ''), false, name)
    })
  }

  it('never takes more time than the product of the lengths', () => {
    const name = `${'a'.repeat(254)}/`
    const nasty = ['*a', '**a', 'a*', 'a**', '*a**a', '**a*', '*/**'].map((piece) =>
      piece.repeat(Math.floor((MAX_GLOB - 2) / piece.length)),
    )
    for (const glob of nasty) {
      const pattern = compileGlob(`${glob}b`)
      // Of this thread, not of the clock: others may have the processor.
      const started = process.threadCpuUsage()
      for (let round = 0; round < 5; round++) assert.equal(pattern.matches(name, ''), false)
      const { user, system } = process.threadCpuUsage(started)
      const took = (user + system) / 1000 / 5
      assert.ok(took < 200, `${glob.slice(0, 10)}: ${took} ms`)
    }
  })

  it('is valid if the model generates it', () => {
    fc.assert(fc.property(globs, (glob) => assert.equal(globFault(glob), undefined)))
  })

  for (const [glob, fault] of [
    ['', /empty/],
    ['a'.repeat(MAX_GLOB + 1), /longer/],
    ['Team/*', /"T" is not allowed in a repository name/],
    ['a?', /"\?"/],
    ['[a-z]', /"\["/],
    ['a b', /" "/],
    [`\${group}`, /\$ is only/],
    [`$\${user}{user}`, /\$ is only/],
    ['a***', /\*\*\*/],
    ['/a', /empty component/],
    ['a/', /empty component/],
    ['a//b', /empty component/],
    ['ä', /"ä"/],
  ] as const) {
    it(`cannot be ${JSON.stringify(glob.slice(0, 20))}`, () => {
      assert.match(globFault(glob) ?? '', fault)
    })
  }
})

describe('a policy document', () => {
  const YAML = `# who may what
version: 1
rules:
  - who: [group:dev, 'claim:realm_access.roles=admin']
    repositories: ['team/**']
    actions: [pull, push]
  - who:
      - anonymous
    repositories: [public/a]
    actions: ['*']
    effect: deny
`

  it('is YAML or JSON', () => {
    const rule = { who: ['group:dev'], repositories: ['team/**'], actions: ['pull', 'push'] }
    const policies = [
      parsePolicy(YAML),
      policyOf([rule]),
      parsePolicy(YAML.replaceAll('\n', '\r\n')),
    ]
    for (const policy of policies) {
      assert.deepEqual(allowedActions(policy, user('alice', 'dev'), 'team/x'), ['pull', 'push'])
    }
  })

  const one = (rule: string) => `version: 1\nrules:\n  - ${rule}\n`
  const rest = 'repositories: [a], actions: [pull]'
  for (const [name, text, message] of [
    ['nothing', '', /the document: .*expected object/],
    ['only a comment', '# none', /expected object/],
    ['not YAML', 'version: [', /line 1, column 11/],
    ['a text', 'allow all', /the document: .*expected object/],
    ['a list', '[]', /expected object/],
    ['no version', 'rules: []', /version: .*expected 1/],
    ['another version', 'version: 2\nrules: []', /line 1, column 10: version is "2".*expected 1/],
    ['a version as text', "version: '1'\nrules: []", /expected 1/],
    ['no rules', 'version: 1', /rules: .*expected array/],
    ['an unknown field', 'version: 1\nrules: []\nrulez: []', /line 3.*rulez: unknown field/],
    [
      'an unknown field of a rule',
      one(`{who: [anonymous], ${rest}, if: x}`),
      /line 3.*rules\[0\]\.if: unknown field, expected who/,
    ],
    ['a field twice', 'version: 1\nrules: []\nrules: []', /line 3.*unique/],
    ['no one', one(`{who: [], ${rest}}`), /rules\[0\]\.who/],
    ['no who', one(`{${rest}}`), /rules\[0\]\.who/],
    ['no repositories', one('{who: [anonymous], actions: [pull]}'), /rules\[0\]\.repositories/],
    ['no actions', one('{who: [anonymous], repositories: [a]}'), /rules\[0\]\.actions/],
    ['a text for a list', one(`{who: anonymous, ${rest}}`), /rules\[0\]\.who is "anonymous"/],
    [
      'everyone',
      one(`{who: [everyone], ${rest}}`),
      /line 3, column 12: .*who\[0\] is "everyone": expected anonymous, auth/,
    ],
    ['an unknown kind', one(`{who: [team:a], ${rest}}`), /expected anonymous/],
    ['a user without a name', one(`{who: ['user:'], ${rest}}`), /empty/],
    ['a robot with its prefix', one(`{who: [robot:robot+ci], ${rest}}`), /expected lower-case/],
    ['a certificate of nothing', one(`{who: ['certificate:'], ${rest}}`), /expected attributes/],
    ['a certificate by name', one(`{who: ['certificate:ci'], ${rest}}`), /expected attributes/],
    [
      'a certificate without value',
      one(`{who: ['certificate:CN='], ${rest}}`),
      /expected attributes/,
    ],
    ['an attribute too few', one(`{who: ['certificate:CN=ci,'], ${rest}}`), /expected attributes/],
    ['an account of 11 digits', one(`{who: ['aws:12345678901'], ${rest}}`), /expected an account/],
    ['a role without its ARN', one(`{who: ['aws:role/ci'], ${rest}}`), /expected an account of 12/],
    [
      'a session of a role',
      one(`{who: ['aws:arn:aws:sts::123456789012:assumed-role/ci/*'], ${rest}}`),
      /who has assumed a role is that role/,
    ],
    [
      'a role with its path',
      one(`{who: ['aws:arn:aws:iam::123456789012:role/team/ci'], ${rest}}`),
      /expected the name of the role without its path/,
    ],
    ['a claim without a value', one(`{who: [claim:role], ${rest}}`), /expected claim:/],
    ['a claim with an empty value', one(`{who: [claim:role=], ${rest}}`), /expected claim:/],
    ['a claim that is not nothing', one(`{who: ['claim:role!='], ${rest}}`), /expected claim:/],
    ['a claim of no pattern', one(`{who: ['claim:role~'], ${rest}}`), /expected claim:/],
    ['all of nothing', one(`{who: [{all: []}], ${rest}}`), /who\[0\]\.all/],
    ['all of an unknown kind', one(`{who: [{all: ['team:a']}], ${rest}}`), /expected anonymous/],
    ['any of some', one(`{who: [{any: [anonymous]}], ${rest}}`), /who\[0\]/],
    ['a number', one(`{who: [3], ${rest}}`), /who\[0\] is "3": .*expected string/],
    ['a claim with an empty step', one(`{who: [claim:a..b=c], ${rest}}`), /expected claim:/],
    [
      'an unknown action',
      one('{who: [anonymous], repositories: [a], actions: [read]}'),
      /actions\[0\] is "read": .*"pull"\|"push"\|"delete"\|"override"\|"admin"\|"fetch"\|"\*"/,
    ],
    ['an unknown effect', one(`{who: [anonymous], ${rest}, effect: maybe}`), /effect is "maybe"/],
    [
      'a star without quotes',
      one('{who: [anonymous], repositories: [**], actions: [pull]}'),
      /line 3.*put values in quotes/,
    ],
    [
      'a user without quotes',
      one(`{who: [anonymous], repositories: [\${user}/a], actions: [pull]}`),
      /line 3.*put values in quotes/,
    ],
    [
      'names of YAML',
      `version: 1\nrules:\n  - &a {who: [anonymous], ${rest}}\n  - *a`,
      /line 4.*is an alias in YAML/,
    ],
    ['a tag of YAML', 'version: !x 1\nrules: []', /line 1.*tag/],
    ['two documents', 'version: 1\nrules: []\n---\nversion: 1\nrules: []', /multiple documents/],
    ['depth without end', '['.repeat(100_000), /policy/],
    ['a merge key', `version: 1\nrules: []\n<<: {rules: []}`, /unknown field/],
  ] as const) {
    it(`cannot be ${name}`, () => {
      assert.throws(() => parsePolicy(text), { name: 'DocumentError', message })
    })
  }

  it('has a published schema that is current', async () => {
    const published = await readFile(
      new URL('../../docs/policy.schema.json', import.meta.url),
      'utf8',
    )
    assert.deepEqual(
      JSON.parse(published),
      policyJsonSchema(),
      'write policyJsonSchema() to docs/policy.schema.json',
    )
  })
})

describe('the policy of a store', () => {
  it('denies everything without a document, and never opens with an invalid one', async (t) => {
    const store = await emptyStore(t)
    const clock = createClock()
    const outcomes: string[] = []
    const live = livePolicy({
      store,
      now: clock.now,
      report: ({ outcome }) => outcomes.push(outcome),
    })
    const may = async (action: Action) => {
      clock.pass(60_000)
      return allows(await live.get(), ANONYMOUS, 'a', action)
    }
    assert.equal(await live.get(), DENY_ALL)
    const rule = { who: ['anonymous'], repositories: ['a'], actions: ['pull'] }
    await write(store, POLICY_KEY, JSON.stringify({ version: 1, rules: [rule] }))
    assert.equal(await may('pull'), true)
    const all = { ...rule, actions: ['*'] }
    await write(store, POLICY_KEY, JSON.stringify({ version: 1, rules: [all, { who: [] }] }))
    assert.equal(await may('push'), false)
    assert.equal(await may('pull'), true)
    assert.deepEqual(outcomes, ['loaded', 'loaded', 'kept', 'kept'])
    const fresh = livePolicy({ store, now: clock.now, report: () => undefined })
    await assert.rejects(fresh.get(), { code: 'UNAVAILABLE' })
  })
})
