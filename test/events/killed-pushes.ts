/**
 * Pushes to the store that its argument names, and sends events of that, until it is killed: blobs, images by tag, some
 * of which move a tag, and deletes of tags. It prints a line for each request once that was responded to.
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { openEvents } from '../../functions/compose/open-events.ts'
import { waitingPrefix } from '../../functions/events/keys.ts'
import { sendingEvents } from '../../functions/node/events.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import { silent } from '../support/hosts/start.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'

const [directory = '', round = ''] = process.argv.slice(2)
const store = openFileStore(directory)
const sending = sendingEvents({}, silent)
const events = openEvents(store, { logger: silent, audit: () => {}, wake: sending.wake })
const send = await clientOf(store, { events, undeletes: true })
sending.start(store, { publicUrl: undefined, url: 'http://127.0.0.1:5000' })
await pushAtOnce(send, 'app', CONFIG)
console.log(`push  ${CONFIG.sha256}`)
/** Pushes are faster than events are sent: some of these are always under way, and never many. */
const keepPace = async (): Promise<void> => {
  const more = async () => (await store.list(waitingPrefix('log'), { limit: 10 })).objects.length
  while ((await more()) === 10) await delay(10)
}
for (let count = 0; ; count++) {
  await keepPace()
  const layer = blob(`${round} ${count}`, 64)
  const image = imageOf([layer])
  await pushAtOnce(send, 'app', layer)
  console.log(`push  ${layer.sha256}`)
  for (const tag of [`r${round}-${count}`, 'latest']) {
    await pushManifest(send, 'app', tag, image)
    console.log(`push ${tag} ${image.sha256}`)
  }
  if (count % 4 === 3) {
    const gone = `r${round}-${count - 1}`
    await send(`DELETE /v2/app/manifests/${gone}`)
    console.log(`delete ${gone} `)
  }
}
