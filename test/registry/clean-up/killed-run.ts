/**
 * `slipway gc --run` on a store, in a process that kills itself after one of its operations: arguments are where
 * the store is, as JSON, and after which operation. Prints how many there were if it lives.
 *
 * @module
 */

import { openPlace, racingOnce } from '../../soak/place.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { runGc } from './gc.ts'

const [place = '', after] = process.argv.slice(2)
let operations = 0
const store = intercept(racingOnce(openPlace(JSON.parse(place)), false), async (_, proceed) => {
  const result = await proceed()
  operations += 1
  // Others that were sent may land or not.
  if (operations === Number(after)) process.kill(process.pid, 'SIGKILL')
  return result
})
await runGc(
  store,
  place.includes('directory') ? `file:${JSON.parse(place).directory}` : 's3://test',
)
console.log(operations)
