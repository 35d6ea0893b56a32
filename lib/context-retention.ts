/**
 * What can be set of what stays and what goes: the clean-up, and what its rules go by.
 *
 * @module
 */

import { callers } from '../functions/compose/setting-kinds.ts'
import { handlerSetting, onOff } from './context-kinds.ts'
import { contextValue } from './context-value.ts'

/** Context values by name; see `CONTEXT`. */
export const RETENTION = {
  gc: contextValue(
    onOff.default(false),
    'off',
    'on: remove what no manifest needs, once a day, by a function of its own; see docs/clean-up.md',
  ),
  gcGrace: contextValue(
    handlerSetting('gc-grace').optional(),
    '48h',
    'how long that leaves what is young, and what it has condemned; longer than a client takes for a push',
  ),
  pulls: contextValue(
    onOff.default(false),
    'off',
    'on: record when manifests were last pulled, for rules that ask for it, by a function that reads the logs',
  ),
  pullsExcept: contextValue(
    callers.optional(),
    'nobody',
    'whose pulls are not recorded, as the audit trail names them: user:scanner,robot:ci-*',
  ),
} as const
