/**
 * Makes quotas of a document.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { compilePatterns } from '../retention/pattern.ts'
import { bytesOf } from './bytes.ts'
import type { Quotas } from './quotas.ts'
import type { QuotasDocument } from './schema.ts'

const idOf = (patterns: readonly (readonly string[])[]): string =>
  createHash('sha256').update(JSON.stringify(patterns)).digest('hex').slice(0, 16)

/** Compiles a document that the schema has checked. */
export const compileQuotas = ({ quotas }: QuotasDocument): Quotas => {
  const patterns = quotas.map(({ repositories }) => repositories)
  const compiled = quotas.map(({ repositories, hard, soft }, at) => ({
    matches: compilePatterns(repositories),
    quota: {
      id: idOf(patterns.slice(0, at + 1)),
      title: repositories.join(', '),
      hard: hard === undefined ? undefined : bytesOf(hard),
      soft: soft === undefined ? undefined : bytesOf(soft),
    },
  }))
  return {
    all: compiled.map(({ quota }) => quota),
    of: (repository) => compiled.find(({ matches }) => matches(repository))?.quota,
    id: quotas.length === 0 ? '' : idOf(patterns),
  }
}
