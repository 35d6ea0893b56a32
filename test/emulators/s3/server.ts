/**
 * A small, strict S3 for tests: it refuses what S3 refuses. Path-style addresses, one identity.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkDelete } from './conditions.ts'
import { Spool } from './content.ts'
import { Counter } from './counter.ts'
import { S3Error } from './errors.ts'
import { type Fault, Faults } from './faults.ts'
import { IncomingBody } from './incoming.ts'
import type { S3Answer, S3Request } from './operation.ts'
import { receive } from './payload.ts'
import { errorAnswer, respond } from './respond.ts'
import { type OperationName, operationOf, route } from './router.ts'
import { authenticate, type Credentials } from './sigv4.ts'
import { Bucket, type StoredObject } from './state.ts'
import { checkKey, parseTarget, queryValue, type Target } from './target.ts'

/** Largest body in bytes that is read to its end for the sake of an answer that refuses it. */
const MAX_DRAIN = 8 * 1024 ** 2

/**
 * What services do with If-Match on a delete: honor it in one step; look, and a moment later delete, or say
 * that they deleted what is not there; ignore it; refuse it.
 */
export type DeleteConditions = 'honored' | 'looked at' | 'lenient' | 'ignored' | 'refused'

/** What can be chosen of a server. */
export interface S3Options {
  /** Names of the buckets it has; default `['test']`. */
  readonly buckets?: readonly string[]
  /** Default 0: any that is free. */
  readonly port?: number
  /** Default `us-east-1`. */
  readonly region?: string
  /** What If-Match on a delete does; default `honored`, as on AWS. */
  readonly deleteConditions?: DeleteConditions
  /** What the service calls itself; default `AmazonS3`. */
  readonly name?: string
  /**
   * Milliseconds for which a signature in a header is taken for a write, also when the body has come; default:
   * the 15 minutes of AWS, when the request comes.
   */
  readonly signatureLife?: number
  /** Faults to begin with. */
  readonly faults?: Faults
  /** Milliseconds without a byte of the body after which a request is given up; default 20,000. */
  readonly patience?: number
}

/** A server at work. */
export interface S3Server extends Credentials {
  /** For example `http://127.0.0.1:9000`. */
  readonly endpoint: string
  /** The first of its buckets. */
  readonly bucket: string
  /** What the first of its buckets holds, for who fills it without requests. */
  readonly objects: Bucket
  readonly counter: Counter
  readonly faults: Faults
  /** Ends all connections and forgets all objects. */
  close(): Promise<void>
}

interface Context {
  readonly credentials: Credentials
  readonly buckets: ReadonlyMap<string, Bucket>
  readonly spool: Spool
  readonly counter: Counter
  readonly faults: Faults
  readonly patience: number
  readonly signatureLife: number | undefined
  readonly deleteConditions: DeleteConditions
  readonly name: string
}

/** One exchange on its way. */
interface Exchange {
  readonly incoming: IncomingMessage
  readonly method: string
  readonly target: Target
  readonly body: IncomingBody
  /** Tells a client that waits to be told (Expect: 100-continue) to send the body. */
  readonly invite: () => void
}

/** Refuses what was signed in a header too long ago. */
const checkLife = (headers: IncomingMessage['headers'], life: number | undefined): void => {
  const signed = headers['x-amz-date']
  if (life === undefined || typeof signed !== 'string') return
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(signed) ?? []
  const [year = 0, month = 0, day, hour, minute, second] = parts.map(Number)
  const time = Date.UTC(year, month - 1, day, hour, minute, second)
  if (Date.now() - time > life) throw new S3Error('RequestTimeTooSkewed')
}

/** Milliseconds between the look and the delete of a service that does one after the other. */
const BETWEEN = 5

/** Does with the condition of a delete what services do that do not honor it. */
const weaken = async (
  conditions: DeleteConditions,
  headers: IncomingMessage['headers'],
  current: StoredObject | undefined,
): Promise<void> => {
  if (conditions === 'refused') throw new S3Error('NotImplemented')
  if (conditions === 'looked at') {
    checkDelete(headers['if-match'], current)
    await sleep(BETWEEN)
  }
  const drops = conditions === 'lenient' ? current === undefined : conditions !== 'honored'
  if (drops) delete headers['if-match']
}

const perform = async (
  context: Context,
  { incoming, method, target, body, invite }: Exchange,
  name: OperationName | undefined,
): Promise<S3Answer> => {
  const { headers } = incoming
  const payloadHash = authenticate({ method, target, headers }, context.credentials, Date.now())
  if (method !== 'GET' && method !== 'HEAD') checkLife(headers, context.signatureLife)
  if (name === undefined) throw new S3Error('NotImplemented')
  const bucket = context.buckets.get(target.bucket)
  if (bucket === undefined)
    throw new S3Error('NoSuchBucket', undefined, { BucketName: target.bucket })
  if (name === 'DeleteObject' && headers['if-match'] !== undefined) {
    await weaken(context.deleteConditions, headers, bucket.get(target.key))
  }
  checkKey(target.key)
  const request: S3Request = {
    bucket,
    buckets: context.buckets,
    key: target.key,
    headers,
    query: (parameter) => queryValue(target, parameter),
    async receive() {
      const received = await receive({ headers, payloadHash, body, spool: context.spool, invite })
      checkLife(headers, context.signatureLife)
      return received
    },
  }
  return operationOf(name)(request)
}

/** The answer to an exchange; undefined where there is to be none. */
const answer = async (
  context: Context,
  exchange: Exchange,
  name: OperationName | undefined,
  fault: Fault,
  requestId: string,
): Promise<S3Answer | undefined> => {
  try {
    if ('drop' in fault && fault.drop === 'before') return undefined
    if ('error' in fault) throw new S3Error(fault.error)
    if ('errorIn200' in fault)
      return errorAnswer(new S3Error(fault.errorIn200), exchange.target.path, requestId, 200)
    const done = await perform(context, exchange, name)
    return 'drop' in fault ? undefined : done
  } catch (error) {
    // A cut connection takes no answer; anything else that is not S3's is a bug of this server.
    if (exchange.incoming.socket.destroyed) return undefined
    const failure = error instanceof S3Error ? error : new S3Error('InternalError', String(error))
    return errorAnswer(failure, exchange.target.path, requestId)
  }
}

/** Reads what the client still sends, so that it gets to see the answer; or gives it up. */
const settleBody = async (
  { incoming, body }: Exchange,
  response: ServerResponse,
): Promise<void> => {
  if (incoming.complete) return
  const length = Number(incoming.headers['content-length'] ?? Number.POSITIVE_INFINITY)
  const waits = incoming.headers.expect !== undefined
  if (length <= MAX_DRAIN && !waits) await body.drain(MAX_DRAIN).catch(() => undefined)
  if (!incoming.complete) response.setHeader('connection', 'close')
}

/** How often within the latency it is looked whether another call has begun. */
const LOOKS = 5

/** Waits as {@link Faults.latency} says. */
const waitForOthers = async ({ faults: { delay }, counter }: Context): Promise<void> => {
  let begun = -1
  for (let look = 0; delay > 0 && look < LOOKS; look += 1) {
    if (begun !== counter.total) look = 0
    begun = counter.total
    await sleep(delay / LOOKS)
  }
}

const handle = async (
  context: Context,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const requestId = randomBytes(8).toString('hex').toUpperCase()
  response.setHeader('server', context.name)
  response.setHeader('x-amz-request-id', requestId)
  response.setHeader('x-amz-id-2', Buffer.from(requestId).toString('base64'))
  const method = incoming.method ?? ''
  const body = new IncomingBody(incoming, context.patience)
  const parsed = parseOrError(incoming.url ?? '/')
  if (parsed instanceof S3Error) {
    const entry = context.counter.begin('Unknown', '')
    await respond(response, errorAnswer(parsed, '', requestId), entry, method !== 'HEAD')
    return
  }
  let waits = incoming.headers.expect !== undefined
  const invite = (): void => {
    if (waits) response.writeContinue()
    waits = false
  }
  const exchange: Exchange = { incoming, method, target: parsed, body, invite }
  const name = route(method, parsed, incoming.headers)
  const operation = name ?? 'Unknown'
  const entry = context.counter.begin(operation, parsed.key)
  const fault = context.faults.take(operation, parsed.key) ?? { delay: 0 }
  await waitForOthers(context)
  if ('delay' in fault) await sleep(fault.delay)

  const result = await answer(context, exchange, name, fault, requestId)
  if (result === undefined) {
    entry.end = performance.now()
    incoming.socket.destroy()
    return
  }
  await settleBody(exchange, response)
  const cutAfter = 'cutAfter' in fault ? fault.cutAfter : undefined
  await respond(response, result, entry, method !== 'HEAD', cutAfter)
}

const parseOrError = (url: string): Target | S3Error => {
  try {
    return parseTarget(url)
  } catch (error) {
    if (error instanceof S3Error) return error
    throw error
  }
}

/** Starts a server on 127.0.0.1. */
export const startS3 = async (options: S3Options = {}): Promise<S3Server> => {
  const names = options.buckets ?? ['test']
  const credentials: Credentials = {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    region: options.region ?? 'us-east-1',
  }
  const buckets = names.map((name) => new Bucket(name))
  const context: Context = {
    credentials,
    buckets: new Map(buckets.map((bucket) => [bucket.name, bucket])),
    spool: new Spool(),
    counter: new Counter(),
    faults: options.faults ?? new Faults(),
    patience: options.patience ?? 20_000,
    signatureLife: options.signatureLife,
    deleteConditions: options.deleteConditions ?? 'honored',
    name: options.name ?? 'AmazonS3',
  }
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    // What fails past an answer's first byte can only end the connection.
    handle(context, incoming, response).catch(() => incoming.socket.destroy())
  }
  // A busy machine may use a connection again after more than the usual five seconds.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, listener)
  server.on('checkContinue', listener)
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const objects = buckets[0]
  if (objects === undefined) throw new Error('a server without buckets')
  return {
    ...credentials,
    endpoint: `http://127.0.0.1:${port}`,
    bucket: objects.name,
    objects,
    counter: context.counter,
    faults: context.faults,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await context.spool.close()
    },
  }
}
