/**
 * Writes docs/openapi.json, the description of the admin API.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { openApi } from './describe-api.ts'

const file = new URL('../docs/openapi.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(openApi(), null, 2)}\n`)
