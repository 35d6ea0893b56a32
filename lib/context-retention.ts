/**
 * What can be set of what stays and what goes: the clean-up, and what its rules go by.
 *
 * @module
 */

import { callers } from '../functions/compose/setting-kinds.ts'
import * as z from '../functions/shared/schema.ts'
import { handlerSetting, onOff } from './context-kinds.ts'
import { contextValue } from './context-value.ts'

/** Context values by name; see `CONTEXT`. */
export const RETENTION = {
  gc: contextValue(
    z._default(onOff, false),
    'off',
    'on: remove what no manifest needs, once a day, by a function of its own; see docs/clean-up.md',
  ),
  gcGrace: contextValue(
    z.optional(handlerSetting('gc-grace')),
    '48h',
    'how long that leaves what is young, and what it has condemned; longer than a client takes for a push',
  ),
  pulls: contextValue(
    z._default(onOff, false),
    'off',
    'on: record when manifests were last pulled, for rules that ask for it, by a function that reads the logs',
  ),
  pullsExcept: contextValue(
    z.optional(callers),
    'nobody',
    'whose pulls are not recorded, as the audit trail names them: user:scanner,robot:ci-*',
  ),
} as const
