/**
 * What can be set of events.
 *
 * @module
 */

import * as z from '../functions/shared/schema.ts'
import { arns, integer, onOff, secretArn, text } from './context-kinds.ts'
import { contextValue } from './context-value.ts'

/** `DEPLOYER=arn,SEARCH=arn`. */
const secrets = z.pipe(
  z.converted(text, (list) =>
    Object.fromEntries(
      list.split(',').map((each): [string, string] => {
        const [name = '', ...rest] = each.split('=')
        return [name, rest.join('=')]
      }),
    ),
  ),
  z.record(
    z.string().check(z.regex(/^[A-Z0-9_]+$/, 'expected NAME=arn:aws:secretsmanager:…')),
    secretArn,
    'expected NAME=arn:aws:secretsmanager:…,NAME=…, as in DEPLOYER for env:SLIPWAY_EVENT_DEPLOYER',
  ),
)

/** Context values by name; see `CONTEXT`. */
export const EVENTS = {
  events: contextValue(
    z._default(onOff, false),
    'off',
    'on: send events to the receivers of docs/events.md, by a function of its own',
  ),
  eventMinutes: contextValue(
    z.optional(integer(1, 15)),
    '5, or 1 with bucket',
    'minutes until events are looked for that S3 did not tell of, or that are to be sent again',
  ),
  eventConcurrency: contextValue(
    z.optional(integer(1, 1000)),
    "the account's limit",
    'most concurrent calls of that function, reserved within the limit of the account',
  ),
  eventBuses: contextValue(
    z.optional(arns('events', 'event-bus/[\\w./-]+$')),
    'none',
    'ARNs of the event buses of EventBridge that receivers may be',
  ),
  eventSecrets: contextValue(
    z.optional(secrets),
    'none',
    'ARNs of secrets of receivers in AWS Secrets Manager: DEPLOYER=arn:… is env:SLIPWAY_EVENT_DEPLOYER',
  ),
} as const
