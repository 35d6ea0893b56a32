#!/usr/bin/env -S node --max-semi-space-size=2
/**
 * The command as it is installed: `dist/slipway.mjs`. The dynamic import is loaded after Node's version
 * was checked, as a static one would not be.
 *
 * @module
 */

import './node-version.mjs'

import('./command.mjs')
