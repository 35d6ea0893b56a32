/**
 * Reads policy documents: YAML or JSON.
 *
 * @module
 */

import { parseYaml } from '../../shared/yaml.ts'
import { withRequirements } from './compile-requirements.ts'
import { compilePolicy, type Policy } from './policy.ts'
import { type PolicyRule, policySchema, type WrittenPolicy } from './schema.ts'

/** Fields of the document, of a rule and of what is required, by the path to it without places; the rest is in `who`. */
const FIELDS: Readonly<Record<string, string>> = {
  '': 'version, rules and require',
  rules: 'who, repositories, actions and effect',
  require: 'repositories, encrypted, signed and effect',
  'require.signed': 'by and except',
  'require.signed.by': 'key, certificate and subject',
}

const parseWritten = (text: string): WrittenPolicy =>
  parseYaml(text, {
    what: 'policy',
    schema: policySchema,
    fieldsAt: (path) => FIELDS[path.filter((step) => typeof step === 'string').join('.')] ?? 'all',
    showsValues: true,
  })

/**
 * Reads the rules of a policy, as they are written.
 *
 * @throws DocumentError with line, path and value, and what is expected
 */
export const parseRules = (text: string): readonly PolicyRule[] => parseWritten(text).rules

/**
 * Reads a policy.
 *
 * @throws DocumentError with line, path and value, and what is expected
 */
export const parsePolicy = (text: string): Policy => {
  const { rules, require } = parseWritten(text)
  const policy = compilePolicy(rules)
  return require === undefined ? policy : withRequirements(policy, require)
}
