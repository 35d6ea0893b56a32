/**
 * Where a server offers the first API.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import { checkFirstApi } from '../../functions/node/check-open.ts'

const CERTIFICATE = ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem']

test.each([
  [['--v1', 'on'], undefined],
  [['--v1', 'on', '--listen', '127.0.0.1:5000'], undefined],
  [
    ['--v1', 'on', '--listen', '0.0.0.0:5000'],
    /--v1 on: .* in the clear to 0\.0\.0\.0: use --tls-cert/,
  ],
  [['--v1', 'on', '--listen', '0.0.0.0:5000', ...CERTIFICATE], undefined],
  [['--v1', 'on', '--listen', '0.0.0.0:5000', '--trust-proxy', '10.0.0.0/8'], undefined],
  [['--listen', '0.0.0.0:5000'], undefined],
])('%j', (args, refused) => {
  const check = () => checkFirstApi(readSettings(args, {}))
  if (refused === undefined) expect(check).not.toThrow()
  else expect(check).toThrow(refused)
})
