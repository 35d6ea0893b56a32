/**
 * Runs before `npm start` in a checkout: see `prepare-start.ts`, which an old Node could not parse.
 *
 * @module
 */

import './node-version.mjs'

import('./prepare-start.ts').then(({ prepareStart }) => prepareStart())
