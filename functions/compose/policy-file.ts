/**
 * A policy in a file, for those who deploy it with the registry rather than change it at run time.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { parsePolicy } from '../auth/policy/parse.ts'
import type { Policy } from '../auth/policy/policy.ts'
import { SettingsError } from './errors.ts'

/**
 * Reads a policy file, YAML or JSON.
 *
 * @throws SettingsError naming the file, the line, the place and the value
 */
export const readPolicyFile = async (path: string): Promise<Policy> => {
  try {
    return parsePolicy(await readFile(path, 'utf8'))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SettingsError(`the policy file ${path} cannot be used: ${why}`, { cause })
  }
}
