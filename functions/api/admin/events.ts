/**
 * Events that are not delivered yet, or could not be: /api/v1/events
 *
 * @module
 */

import { listEnded, pageOfDead, pageOfWaiting, resendDead } from '../../events/dead-letters.ts'
import { deadSchema, shownDead, shownWaiting, waitingSchema } from '../../events/shown.ts'
import * as z from '../../shared/schema.ts'
import { finishPage } from '../paging.ts'
import type { Operation } from './operation.ts'
import { opaque, opaquePaging, PAGE_HEADERS } from './page.ts'

/** Most events of a page that are read one by one. */
const MOST_READ = 100
/** Most others of a page. */
const MOST_LISTED = 1000
/** Most events that one request sends again. */
const MOST_RESENT = 250

const listWaiting: Operation = {
  id: 'listWaitingEvents',
  method: 'GET',
  path: '/api/v1/events/waiting',
  summary: 'Events that wait for their receivers',
  parameters: opaque(MOST_LISTED),
  responses: {
    200: {
      description: 'A page, by receiver and then by time.',
      content: { 'application/json': z.object({ events: z.array(waitingSchema) }) },
      headers: PAGE_HEADERS,
    },
  },
  right: 'all',
  async run(request) {
    const { c, desk } = request
    const paging = opaquePaging(request, MOST_LISTED)
    const { deliveries, ...page } = await pageOfWaiting(
      desk.store,
      Math.max(paging.limit, 1),
      paging.last,
    )
    const names = finishPage(c, paging, page)
    return c.json({ events: deliveries.slice(0, names.length).map(shownWaiting) })
  },
}

const listDead: Operation = {
  id: 'listDeadEvents',
  method: 'GET',
  path: '/api/v1/events/dead',
  summary: 'Events that could not be delivered',
  parameters: opaque(MOST_READ),
  responses: {
    200: {
      description: 'A page, by receiver and then by time. One without `event` is damaged.',
      content: { 'application/json': z.object({ events: z.array(deadSchema) }) },
      headers: PAGE_HEADERS,
    },
  },
  right: 'all',
  async run(request) {
    const { c, desk } = request
    const paging = opaquePaging(request, MOST_READ)
    const { letters, ...page } = await pageOfDead(
      desk.store,
      Math.max(paging.limit, 1),
      paging.last,
      shownDead,
    )
    const names = finishPage(c, paging, page)
    return c.json({ events: names.length === 0 ? [] : letters })
  },
}

const listOfEnded: Operation = {
  id: 'listEndedReceivers',
  method: 'GET',
  path: '/api/v1/events/ended',
  summary: 'Receivers that have ended: they responded 410',
  description: 'They are sent events again once the document event-receivers is set.',
  responses: {
    200: {
      description: 'Their names.',
      content: { 'application/json': z.object({ receivers: z.array(z.string()) }) },
    },
  },
  right: 'all',
  run: async ({ c, desk }) => c.json({ receivers: await listEnded(desk.store) }),
}

const wanted = z.union(
  [
    z.strictObject({ ids: z.array(z.string()).check(z.minLength(1), z.maxLength(MOST_RESENT)) }),
    z.strictObject({ all: z.literal(true) }),
  ],
  `expected {"ids": […]} with 1 to ${MOST_RESENT} ids, or {"all": true}`,
)

const resend: Operation = {
  id: 'resendEvents',
  method: 'POST',
  path: '/api/v1/events/resend',
  summary: 'Send events again that could not be delivered',
  description: `By their ids, or all; at most ${MOST_RESENT} with one request.`,
  body: { 'application/json': wanted },
  responses: {
    200: {
      description:
        'How many wait again; ids of those that are damaged, and stay; ids of which no event is dead; and whether there are more.',
      content: {
        'application/json': z.object({
          sent: z.int(),
          damaged: z.array(z.string()),
          missing: z.array(z.string()),
          more: z.boolean(),
        }),
      },
    },
  },
  errors: [415],
  right: 'all',
  async run(request) {
    const { c, desk } = request
    const given = await request.json(wanted)
    const ids = 'ids' in given ? given.ids : 'all'
    const result = await resendDead(desk.store, ids, MOST_RESENT)
    if (result.sent > 0) {
      request.changed(`resend ${result.sent} events`)
      desk.wake?.()
    }
    return c.json(result)
  },
}

/** Operations on events. */
export const EVENT_OPERATIONS: readonly Operation[] = [listWaiting, listDead, listOfEnded, resend]
