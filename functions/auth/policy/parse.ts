/**
 * Reads policy documents: YAML or JSON.
 *
 * @module
 */

import { parseYaml } from '../../shared/yaml.ts'
import { compilePolicy, type Policy } from './policy.ts'
import { type PolicyRule, policySchema } from './schema.ts'

/** Fields of the document, and of one rule, by how long the path to it is; the rest is in `who`. */
const FIELDS: Readonly<Record<number, string>> = {
  0: 'version and rules',
  2: 'who, repositories, actions and effect',
}

/**
 * Reads the rules of a policy, as they are written.
 *
 * @throws DocumentError with line, path and value, and what is expected
 */
export const parseRules = (text: string): readonly PolicyRule[] =>
  parseYaml(text, {
    what: 'policy',
    schema: policySchema,
    fieldsAt: ({ length }) => FIELDS[length] ?? 'all',
  }).rules

/**
 * Reads a policy.
 *
 * @throws DocumentError with line, path and value, and what is expected
 */
export const parsePolicy = (text: string): Policy => compilePolicy(parseRules(text))
