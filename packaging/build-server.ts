/**
 * Builds what `npm start` runs.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import { bundleCommand } from './bundle.ts'

bundleCommand(fileURLToPath(new URL('../dist/slipway.mjs', import.meta.url)))
