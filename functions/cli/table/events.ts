/**
 * Commands on events.
 *
 * @module
 */

import { type Command, storeCommand } from '../command.ts'
import { switchFlag } from '../flags.ts'
import { eventsCommand } from '../ways/events.ts'

/** `events`. */
export const EVENT_COMMANDS: readonly Command[] = [
  storeCommand({
    name: 'events check',
    help: 'check a list of receivers of events; - is standard input',
    ofFile: true,
    args: { file: 'one' },
    load: async () => (await import('../commands/events.ts')).checkReceivers,
  }),
  eventsCommand({
    name: 'events set',
    changes: true,
    help: 'check a list of receivers of events and put it in force',
    more: 'Receivers that have ended, since they responded 410, are sent events again. docs/events.md has more.',
    args: { file: 'one' },
    load: async () => (await import('../commands/events.ts')).setReceivers,
  }),
  eventsCommand({
    name: 'events show',
    help: 'print the receivers of events in force',
    load: async () => (await import('../commands/events.ts')).showReceivers,
  }),
  eventsCommand({
    name: 'events list',
    help: 'print events that could not be delivered, and how many wait',
    more: 'A line for each: id, receiver, time, what it is about, and what the receiver responded last.',
    flags: { json: switchFlag('print an object of JSON a line, also for each event that waits') },
    load: async () => (await import('../commands/events.ts')).listEvents,
  }),
  eventsCommand({
    name: 'events resend',
    help: 'have events be sent again that could not be delivered',
    args: { id: 'any' },
    flags: { all: switchFlag('all of them') },
    load: async () => (await import('../commands/events.ts')).resendEvents,
  }),
]
