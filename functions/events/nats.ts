/**
 * Sends events to NATS servers. Loaded only where a receiver is one.
 *
 * Where a stream takes the subject, it acknowledges each message, and drops one whose id it has had. Else the server does:
 * it has the message, and whoever subscribes at the moment gets it.
 *
 * @module
 */

import { isIP, isIPv6 } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import {
  connect,
  headers as createHeaders,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  PermissionViolationError,
  type TlsOptions,
} from '@nats-io/transport-node'
import { addressFor } from '../shared/private-addresses.ts'
import type { Message } from './message.ts'
import type { Outcome } from './outcome.ts'
import type { Receiver } from './receivers.ts'

/** Milliseconds without a message after which a connection ends. */
const IDLE = 1_000
/** Milliseconds after which another one is opened: there may be a stream by then, or none. */
const LIFE = 60_000
const PORT = 4222
/** Milliseconds for each step. */
const TIMEOUT = 10_000
/** Bytes that headers may have. */
const HEADERS = 1_024

/** The options of who logs in: the text of a file of credentials, a seed, user and password, or a token. */
export const logInOf = (secret: string | undefined): NodeConnectionOptions => {
  if (secret === undefined) return {}
  const bytes = Buffer.from(secret)
  if (secret.includes('BEGIN NATS USER JWT')) return { authenticator: credsAuthenticator(bytes) }
  if (/^SU[A-Z2-7]{56}$/.test(secret)) return { authenticator: nkeyAuthenticator(bytes) }
  const [user = '', ...pass] = secret.split(':')
  return pass.length === 0 ? { token: secret } : { user, pass: pass.join(':') }
}

/** Sends one message, and waits until it is acknowledged. */
type Publish = (subject: string, message: Message) => Promise<void>

/** Whether a stream takes the subject. */
const hasStream = async (connection: NatsConnection, subject: string): Promise<boolean> => {
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: TIMEOUT })
    return (await manager.streams.names(subject).next()).length > 0
  } catch (error) {
    // The package does not export its class.
    if (error instanceof Error && error.name === 'JetStreamNotEnabled') return false
    throw error
  }
}

/** Subjects that the server has said may not be published to. It says so beside, and acknowledges all the same. */
const refusedOn = (connection: NatsConnection): ReadonlyMap<string, Error> => {
  const refused = new Map<string, Error>()
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type !== 'error' || !(status.error instanceof PermissionViolationError)) continue
      refused.set(status.error.subject, status.error)
    }
  })()
  return refused
}

const publisherOf = (connection: NatsConnection): Publish => {
  const streams = new Map<string, Promise<boolean>>()
  const refused = refusedOn(connection)
  const stream = jetstream(connection, { timeout: TIMEOUT })
  return async (subject, { id, body, headers: given }) => {
    const headers = createHeaders()
    for (const [name, value] of Object.entries(given)) headers.set(name, value)
    const found = streams.get(subject) ?? hasStream(connection, subject)
    streams.set(subject, found)
    if (await found) {
      await stream.publish(subject, body, { msgID: id, headers, timeout: TIMEOUT })
      return
    }
    headers.set('Nats-Msg-Id', id)
    connection.publish(subject, body, { headers })
    await connection.flush()
    // What came before the acknowledgement is in the map by the next turn.
    await nextTurn()
    const refusal = refused.get(subject)
    if (refusal !== undefined) throw refusal
  }
}

/** The client is given an address: which host it is, the certificate has to show. */
const tlsTo = (host: string): TlsOptions => {
  const options: ConnectionOptions = {
    ...(isIP(host) === 0 ? { servername: host } : {}),
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
  }
  // It hands all of them to Node.
  return options as TlsOptions
}

/** Connects to just the address that was checked, and to none that the server names. */
const dial = async (
  { url, allows }: Receiver,
  { credentials }: Message,
): Promise<NatsConnection> => {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const address = await addressFor(host, allows)
  return connect({
    ...logInOf(credentials),
    name: 'slipway',
    servers: `${isIPv6(address) ? `[${address}]` : address}:${url.port || PORT}`,
    tls: url.protocol === 'tls:' ? tlsTo(host) : null,
    ignoreClusterUpdates: true,
    reconnect: false,
    timeout: TIMEOUT,
  })
}

/** A connection to a receiver, for as long as there are messages. */
interface Connected {
  readonly connection: NatsConnection
  readonly publish: Publish
  /** Rejects once the connection has ended, which not all that is under way notices. */
  readonly failing: Promise<never>
  /** When it was opened, and when it was last used. */
  readonly since: number
  used: number
  /** Has the next message open another one. */
  readonly retire: () => void
  /** Messages under way. */
  busy: number
  timer?: NodeJS.Timeout
}

/** Sends messages to NATS servers. */
export interface NatsClient {
  /** @throws Error when the message is not acknowledged, or `signal` ends it */
  send(receiver: Receiver, message: Message, signal: AbortSignal): Promise<Outcome>
}

/** A client of any number of receivers. @param now clock in milliseconds */
export const createNatsClient = (now: () => number = () => performance.now()): NatsClient => {
  const opened = new Map<string, Promise<Connected>>()

  const open = (key: string, receiver: Receiver, message: Message): Promise<Connected> => {
    const retire = (): void => {
      if (opened.get(key) === opening) opened.delete(key)
    }
    const opening = (async (): Promise<Connected> => {
      const connection = await dial(receiver, message)
      const failing = connection.closed().then((error) => {
        retire()
        throw error || new Error('the connection has ended')
      })
      failing.catch(() => {})
      const publish = publisherOf(connection)
      const since = now()
      return { connection, publish, failing, since, used: since, retire, busy: 0 }
    })()
    opened.set(key, opening)
    opening.catch(retire)
    return opening
  }

  /** Ends it where nobody has used it for a while. */
  const leave = (connected: Connected): void => {
    connected.busy -= 1
    connected.used = now()
    if (connected.busy > 0) return
    connected.timer = setTimeout(() => {
      connected.retire()
      void connected.connection.close()
    }, IDLE)
  }

  const publish = async (receiver: Receiver, message: Message): Promise<Outcome> => {
    const { name, url, subject } = receiver
    const key = JSON.stringify([name, url.href, message.credentials])
    const known = await opened.get(key)
    // A function sleeps between its events, and its timers with it.
    const stale = known !== undefined && known.busy === 0 && now() - known.used > 2 * IDLE
    if (stale) known.retire()
    const connected = await (opened.get(key) ?? open(key, receiver, message))
    const { connection, failing, since, retire } = connected
    // Who is under way goes on with it.
    if (now() - since > LIFE) retire()
    clearTimeout(connected.timer)
    connected.busy += 1
    try {
      const most = connection.info?.max_payload ?? Number.POSITIVE_INFINITY
      if (Buffer.byteLength(message.body) + HEADERS > most) {
        return { kind: 'refused', why: `the server takes no message of more than ${most} bytes` }
      }
      await Promise.race([connected.publish(`${subject}.${message.kind}`, message), failing])
      return { kind: 'delivered' }
    } catch (error) {
      retire()
      throw error
    } finally {
      leave(connected)
    }
  }

  return {
    send: (receiver, message, signal) =>
      Promise.race([
        publish(receiver, message),
        new Promise<never>((_, reject) => {
          if (signal.aborted) reject(signal.reason)
          else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        }),
      ]),
  }
}
