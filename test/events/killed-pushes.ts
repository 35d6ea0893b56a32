/**
 * Pushes to the store that its argument names, one after the other, until it is killed: images by tag, some of which
 * move a tag, and deletes of tags. It prints a line once it begins, and after each round of these.
 *
 * @module
 */

import { openFileStore } from '../../functions/compose/file-store.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { recorderOf } from '../support/rig/recorded.ts'

const [directory = '', round = ''] = process.argv.slice(2)
const store = openFileStore(directory)
const send = await clientOf(store, { events: recorderOf(store), undeletes: true })
await pushAtOnce(send, 'app', CONFIG)
console.log('begun')
for (let count = 0; ; count++) {
  const layer = blob(`${round} ${count}`, 64)
  const image = imageOf([layer])
  await pushAtOnce(send, 'app', layer)
  await pushManifest(send, 'app', `r${round}-${count}`, image)
  await pushManifest(send, 'app', 'latest', image)
  if (count % 4 === 3) await send(`DELETE /v2/app/manifests/r${round}-${count - 1}`)
  console.log(count)
}
