/**
 * The description of the admin API, which packaging/openapi.ts writes: GET /api/v1/openapi.json
 *
 * @module
 */

import description from '../../../docs/openapi.json' with { type: 'json' }
import * as z from '../../shared/schema.ts'
import type { Operation } from './operation.ts'

/** The operation that gives it to everyone. */
export const DESCRIPTION: Operation = {
  id: 'getOpenApi',
  method: 'GET',
  path: '/api/v1/openapi.json',
  summary: 'This document',
  responses: {
    200: {
      description: 'The document.',
      content: { 'application/json': z.looseObject({ openapi: z.string() }) },
    },
  },
  right: 'nothing',
  run: async ({ c }) => c.json(description),
}
