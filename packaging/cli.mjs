/**
 * The command line from its sources, in a checkout: `npm run slipway`.
 *
 * @module
 */

import './node-version.mjs'

import('../functions/handlers/cli.ts')
