/**
 * Reads policy documents: YAML or JSON.
 *
 * @module
 */

import { parseYaml } from '../../shared/yaml.ts'
import { compilePolicy, type Policy } from './policy.ts'
import { policySchema } from './schema.ts'

/**
 * Reads a policy.
 *
 * @throws DocumentError with line, path and value, and what is expected
 */
export const parsePolicy = (text: string): Policy => {
  const { rules } = parseYaml(text, {
    what: 'policy',
    schema: policySchema,
    fieldsAt: ({ length }) =>
      length === 0 ? 'version and rules' : 'who, repositories, actions and effect',
  })
  return compilePolicy(rules)
}
