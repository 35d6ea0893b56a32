/**
 * Relays of their own process, so that the clients that are measured do not share a thread with them:
 * `node bench/copy/relay.ts PORT MILLISECONDS BYTES` prints the address that leads to this port of loopback, at so
 * many bytes a second on each connection.
 *
 * @module
 */

import { startRelay } from '../throttle.ts'

const [port, roundTrip, rate] = process.argv.slice(2).map(Number)
const relay = await startRelay(port!, { rate: rate!, roundTrip: roundTrip! })
process.stdout.write(`${relay.address}\n`)
