/**
 * Reads the document of rules: YAML or JSON.
 *
 * @module
 */

import { parseYaml } from '../../shared/yaml.ts'
import { compileRetention } from './compile.ts'
import type { Retention } from './retention.ts'
import { retentionSchema } from './schema.ts'

const fieldsAt = (path: readonly PropertyKey[]): string => {
  if (path.length === 0) return 'version, immutable and rules'
  if (path.at(-1) === 'keep') return 'newest, pushedWithin or pulledWithin'
  if (path.at(-1) === 'remove') return 'notPushedFor or notPulledFor'
  return path[0] === 'immutable'
    ? 'repositories, tags and except'
    : 'name, repositories, tags, except, untagged, keep, remove, allTags and evenImmutable'
}

/**
 * Reads the rules.
 *
 * @throws DocumentError with line, path and value, and what is expected
 */
export const parseRetention = (text: string): Retention =>
  compileRetention(
    parseYaml(text, { what: 'rules', schema: retentionSchema, fieldsAt, showsValues: true }),
  )
