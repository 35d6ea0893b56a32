/**
 * The same with signatures of cosign, in both of its forms.
 *
 * @module
 */

import { join } from 'node:path'
import { describeWith } from '../../support/live/installed.ts'
import { toolCache } from '../../support/live/process.ts'
import { CLEAN_UP_PROGRAMS, cleanUpTests } from '../support/clean-up.ts'

const cosign = join(toolCache, 'others/bin/cosign')

describeWith([...CLEAN_UP_PROGRAMS, cosign], 'a directory that clients have filled', () =>
  cleanUpTests({ cosign }),
)
