/**
 * Reads the document of quotas: YAML or JSON.
 *
 * @module
 */

import { parseYaml } from '../../shared/yaml.ts'
import { compileQuotas } from './compile.ts'
import type { Quotas } from './quotas.ts'
import { quotasSchema } from './schema.ts'

const fieldsAt = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? 'version and quotas' : 'repositories, hard and soft'

/**
 * Reads quotas.
 *
 * @throws DocumentError with line, path and value, and what is expected
 */
export const parseQuotas = (text: string): Quotas =>
  compileQuotas(
    parseYaml(text, { what: 'quotas', schema: quotasSchema, fieldsAt, showsValues: true }),
  )
