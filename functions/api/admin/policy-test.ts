/**
 * What a caller may do, and by which rule: /api/v1/policy-test
 *
 * @module
 */

import { readDocument } from '../../auth/document.ts'
import { nameOf } from '../../auth/identity.ts'
import { byClaims, CALLERS, readCaller } from '../../auth/policy/caller.ts'
import { parseRules } from '../../auth/policy/parse.ts'
import { compilePolicy } from '../../auth/policy/policy.ts'
import { boundTo, decidedBy, grantsItself, RIGHTS } from '../../auth/policy/tester.ts'
import { POLICY_KEY } from '../../registry/layout.ts'
import { MAX_NAME_LENGTH, NAME_PATTERN, parseName } from '../../registry/reference.ts'
import { quoted } from '../../shared/errors.ts'
import * as z from '../../shared/schema.ts'
import { RequestError } from '../errors.ts'
import { withExample } from './example.ts'
import { readGiven } from './given.ts'
import type { Operation, Request } from './operation.ts'

/** Most characters of claims: any of them fit into the 16 KiB that a request's line and headers may have. */
const MOST_CLAIMS = 1024

const parameters = {
  repository: {
    in: 'query',
    description: 'Name of a repository, whether it exists or not.',
    schema: withExample(
      z.string().check(z.regex(NAME_PATTERN), z.maxLength(MAX_NAME_LENGTH)),
      'team/app',
    ),
    required: true,
  },
  as: {
    in: 'query',
    description: `Who asks: ${CALLERS}. Default: anonymous.`,
    schema: z.optional(withExample(z.string(), 'user:alice')),
  },
  claims: {
    in: 'query',
    description: "Instead of `as`: the claims of another issuer's token, as a JSON object.",
    schema: z.optional(withExample(z.string().check(z.maxLength(MOST_CLAIMS)), '{"sub":"ci"}')),
  },
} as const

const responses = {
  200: {
    description:
      'What is decided on each right, and the rules that decide it, by their places in the document; the first is 1. Without `rule`, no rule is about it.',
    content: {
      'application/json': z.object({
        repository: z.string(),
        /** As the audit trail names them. */
        who: z.string(),
        decisions: z.array(
          z.object({
            action: z.enum(RIGHTS),
            allowed: z.boolean(),
            rule: z.optional(z.int()),
          }),
        ),
        rules: z.array(z.looseObject({ rule: z.int() })),
        /** Whether the token says itself what it grants, so that no policy is asked. */
        grantsItself: z.boolean(),
        /** Of a robot: tokens log in as it that have all of these claims. */
        claims: z.optional(z.array(z.string())),
        /** Of a token: the robots as which its bearer can log in, too. */
        robots: z.array(z.string()),
      }),
    },
  },
} as const

const claimsOf = (text: string): Readonly<Record<string, unknown>> => {
  const wrong = new RequestError('PARAMETER_INVALID', 'claims: expected a JSON object')
  if (text.length > MOST_CLAIMS) throw wrong
  let claims: unknown
  try {
    claims = JSON.parse(text)
  } catch {
    throw wrong
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) throw wrong
  return { ...claims }
}

const respond = async ({ c, desk }: Request, policy: string, isGiven: boolean) => {
  const { repository, as, claims } = c.req.query()
  const name = parseName(repository ?? '')
  if (as !== undefined && claims !== undefined) {
    throw new RequestError('PARAMETER_INVALID', 'expected as or claims, not both')
  }
  const { store } = desk
  const identity =
    claims === undefined ? await readCaller(store, as ?? 'anonymous') : byClaims(claimsOf(claims))
  const rules = isGiven ? await readGiven(() => parseRules(policy)) : parseRules(policy)
  const decisions = decidedBy(compilePolicy(rules), identity, name)
  const decisive = new Set(decisions.flatMap(({ rule }) => rule ?? []))
  return c.json({
    repository: name,
    who: nameOf(identity),
    decisions,
    rules: [...decisive].sort((a, b) => a - b).map((rule) => ({ rule, ...rules[rule - 1] })),
    grantsItself: grantsItself(identity),
    ...(await boundTo(store, identity)),
  })
}

const inForce: Operation = {
  id: 'testPolicy',
  method: 'GET',
  path: '/api/v1/policy-test',
  summary: 'What a caller may do to a repository, by the policy',
  parameters,
  responses,
  errors: [404, 409],
  right: 'all',
  async run(request) {
    const { store, policyInFile } = request.desk
    if (policyInFile) {
      throw new RequestError('CONFLICT', 'the policy in force is the file of --policy: send it')
    }
    const policy = await readDocument(store, POLICY_KEY)
    if (policy === undefined) {
      throw new RequestError('ABSENT', `the document ${quoted('policy')} is not set`)
    }
    return respond(request, policy, false)
  },
}

const given: Operation = {
  id: 'testGivenPolicy',
  method: 'POST',
  path: '/api/v1/policy-test',
  summary: 'What a caller may do to a repository, by the policy in the body',
  description: 'Nothing is changed.',
  parameters,
  body: { 'application/yaml': z.unknown(), 'application/json': z.looseObject({}) },
  responses,
  right: 'all',
  run: async (request) => respond(request, await request.text(), true),
}

/** Operations that try policies. */
export const POLICY_TEST_OPERATIONS: readonly Operation[] = [inForce, given]
