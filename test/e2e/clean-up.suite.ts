/**
 * A store that real clients have filled goes through clean-ups.
 *
 * @module
 */

import { describeWith } from '../support/live/installed.ts'
import { CLEAN_UP_PROGRAMS, cleanUpTests } from './support/clean-up.ts'

describeWith(CLEAN_UP_PROGRAMS, 'a directory that clients have filled', () => cleanUpTests({}))
