/**
 * Events of a registry, as commands work with them.
 *
 * @module
 */

import { deadSchema, waitingSchema } from '../../events/shown.ts'
import { EVENT_RECEIVERS_KEY } from '../../registry/layout.ts'
import * as z from '../../shared/schema.ts'
import { readAll } from '../../storage/bytes.ts'
import type { EventsIo } from '../ways/events-io.ts'
import type { AdminApi } from './admin-api.ts'
import { withJson } from './ask-json.ts'
import { documentsOf } from './document-store.ts'
import { fromAfar as documentsFromAfar } from './documents.ts'
import { pagesOf } from './pages.ts'
import type { RegistryIo } from './registry-io.ts'

/** Most ids of one request. */
const MOST = 250

const names = z.array(z.string())
const ended = z.object({ receivers: names })
const resent = z.object({ sent: z.int(), damaged: names, missing: names, more: z.boolean() })

/** Request after request, as long as there is more to send again. */
const resendAll = async (
  { json }: AdminApi,
  question: { readonly ids: readonly string[] } | { readonly all: true },
): Promise<Awaited<ReturnType<EventsIo['resend']>>> => {
  const damaged = new Set<string>()
  let missing: readonly string[] | undefined
  let sent = 0
  for (;;) {
    const result = await json('events/resend', resent, withJson('POST', question))
    sent += result.sent
    for (const id of result.damaged) damaged.add(id)
    // What was sent by one request is missing in the next.
    missing = missing?.filter((id) => result.missing.includes(id)) ?? result.missing
    if (!result.more || result.sent === 0) return { sent, damaged: [...damaged], missing }
  }
}

/** Events of a registry. */
export const fromAfar = (io: RegistryIo): EventsIo => {
  const { registry } = io
  const readEnded = async () => (await registry.json('events/ended', ended)).receivers
  async function* listed<T>(path: string, schema: z.ZodMiniType<T>): AsyncGenerator<T> {
    const page = z.object({ events: z.array(schema) })
    for await (const { events } of pagesOf(registry, `events/${path}`, page)) yield* events
  }
  return {
    ...documentsFromAfar(io),
    dead: () => listed('dead', deadSchema),
    waiting: () => listed('waiting', waitingSchema),
    ended: readEnded,
    async revive(receivers) {
      // Who sets the document revives them; where it was set already, it is set once more.
      const still = receivers.length === 0 ? [] : await readEnded()
      if (!receivers.some((name) => still.includes(name))) return
      const documents = documentsOf(registry)
      const found = await documents.get(EVENT_RECEIVERS_KEY)
      if (found === undefined) return
      const bytes = await readAll(found.body, found.info.size)
      const condition = { ifMatch: found.info.etag }
      await documents.put(EVENT_RECEIVERS_KEY, bytes, { condition })
    },
    async resend(ids) {
      if (ids === 'all') return resendAll(registry, { all: true })
      const all = { sent: 0, damaged: [] as string[], missing: [] as string[] }
      for (let at = 0; at < ids.length; at += MOST) {
        const some = await resendAll(registry, { ids: ids.slice(at, at + MOST) })
        all.sent += some.sent
        all.damaged.push(...some.damaged)
        all.missing.push(...some.missing)
      }
      return all
    },
  }
}
