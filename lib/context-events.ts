/**
 * What can be set of events.
 *
 * @module
 */

import * as z from '../functions/shared/schema.ts'
import { arns, integer, namedSecrets, onOff } from './context-kinds.ts'
import { contextValue } from './context-value.ts'

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
    z.optional(namedSecrets('DEPLOYER', 'SLIPWAY_EVENT')),
    'none',
    'ARNs of secrets of receivers in AWS Secrets Manager: DEPLOYER=arn:… is env:SLIPWAY_EVENT_DEPLOYER',
  ),
} as const
