/**
 * The claims that robots are bound to: /api/v1/robots/<robot>/claims
 *
 * @module
 */

import { bind, mustExist, readBindings, unbind } from '../../auth/accounts/administer/claims.ts'
import { shortName } from '../../auth/accounts/administer/robots.ts'
import { bindingFault } from '../../auth/accounts/bindings.ts'
import * as z from '../../shared/schema.ts'
import { RequestError } from '../errors.ts'
import { editAs, inOneGo } from './edit.ts'
import { withExample } from './example.ts'
import type { Operation } from './operation.ts'
import { CONDITIONS, etagOf, IF_MATCH, matches, mayMatch, readCondition } from './precondition.ts'
import { ROBOT } from './robots.ts'

const bound = withExample(z.strictObject({ claims: z.array(z.string()) }), {
  claims: ['iss=https://token.actions.githubusercontent.com', 'repository_id=123456'],
})

const unbound = (name: string): RequestError =>
  new RequestError('ABSENT', `the robot ${name} is not bound to claims`)

/** What an entity tag stands for. */
const stateOf = (claims: readonly string[] | undefined): string | undefined =>
  claims && JSON.stringify(claims)

const get: Operation = {
  id: 'getRobotClaims',
  method: 'GET',
  path: '/api/v1/robots/{robot}/claims',
  summary: 'The claims that a robot is bound to',
  parameters: { robot: ROBOT },
  responses: {
    200: {
      description: 'Tokens with all of these claims log in as the robot.',
      content: { 'application/json': bound },
      headers: { ETag: 'Names these claims.' },
    },
  },
  errors: [404],
  right: 'all',
  async run({ c, desk, path }) {
    const name = shortName(path.robot ?? '')
    await mustExist(desk.store, name)
    const claims = (await readBindings(desk.store)).get(name)
    if (claims === undefined) throw unbound(name)
    c.header('ETag', `"${etagOf(stateOf(claims) ?? '')}"`)
    return c.json({ claims })
  },
}

const put: Operation = {
  id: 'putRobotClaims',
  method: 'PUT',
  path: '/api/v1/robots/{robot}/claims',
  summary: "Let a robot log in with an issuer's tokens",
  description:
    'Tokens with all of these claims log in as the robot; what it was bound to before no longer counts. Claims are written as in policies, and iss names the issuer. The request must say what it replaces, by If-Match, or that there is nothing yet, by If-None-Match: *.',
  parameters: { robot: ROBOT, ...CONDITIONS },
  body: { 'application/json': bound },
  responses: {
    204: { description: 'It is bound.', headers: { ETag: 'Names these claims.' } },
  },
  errors: [404, 412, 415, 428],
  right: 'all',
  async run(request) {
    const { c, desk } = request
    const name = shortName(request.path.robot ?? '')
    const condition = readCondition(c)
    const { claims } = await request.json(bound)
    const fault = bindingFault(claims)
    if (fault !== undefined) throw new RequestError('PARAMETER_INVALID', `claims: ${fault}`)
    await inOneGo(request, `bind robot ${name}`, (edit) =>
      bind(desk.store, edit, name, claims, (stored) => matches(condition, stateOf(stored))),
    )
    c.header('ETag', `"${etagOf(stateOf(claims) ?? '')}"`)
    return c.body(null, 204)
  },
}

const remove: Operation = {
  id: 'deleteRobotClaims',
  method: 'DELETE',
  path: '/api/v1/robots/{robot}/claims',
  summary: 'Let no token log in as a robot any more',
  parameters: { robot: ROBOT, ...IF_MATCH },
  responses: { 204: { description: 'It is bound to nothing.' } },
  errors: [404, 412],
  right: 'all',
  async run(request) {
    const { c, desk } = request
    const name = shortName(request.path.robot ?? '')
    const condition = mayMatch(c)
    await mustExist(desk.store, name)
    const was = await unbind(editAs(request), name, (stored) => {
      if (condition !== undefined) matches(condition, stateOf(stored))
    })
    if (!was) throw unbound(name)
    request.changed(`unbind robot ${name}`)
    return c.body(null, 204)
  },
}

/** Operations on the claims of robots. */
export const ROBOT_CLAIM_OPERATIONS: readonly Operation[] = [get, put, remove]
