#!/usr/bin/env node
/**
 * The credential helper as it is installed: `dist/docker-credential-slipway.mjs`. The dynamic import is loaded after
 * Node's version was checked, as a static one would not be.
 *
 * @module
 */

import './node-version.mjs'

import('./credential-helper/credential-helper.mjs')
