/**
 * A collector of traces that is as strict as OpenTelemetry's published schema, as its package for Python has it: it
 * notes what that does not have.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'
import 'protobufjs/ext/descriptor.js'
import { toolCache } from '../../support/live/process.ts'

/** A span as tests look at it. */
export interface SentSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  /** Empty for the first of a trace here. */
  readonly parentSpanId: string
  readonly kind: string
  readonly status: string
  /** Nanoseconds. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Readonly<Record<string, string>>
  /** Attributes of the process. */
  readonly resource: Readonly<Record<string, string>>
}

export interface Collector {
  readonly url: string
  readonly spans: readonly SentSpan[]
  /** What is wrong with what came. */
  readonly faults: readonly string[]
  close(): Promise<void>
}

interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface Request {
  readonly resource_spans?: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scope_spans: readonly {
      readonly spans: readonly {
        readonly name: string
        readonly trace_id: Buffer
        readonly span_id: Buffer
        readonly parent_span_id?: Buffer
        readonly kind: string
        readonly start_time_unix_nano: string
        readonly end_time_unix_nano: string
        readonly attributes?: readonly Attribute[]
        readonly status?: { readonly code?: string }
      }[]
    }[]
  }[]
}

const flat = (attributes: readonly Attribute[] = []): Record<string, string> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.values(value).map(String).join()]),
  )

/** Prints a service's schema, and all that it needs, as a FileDescriptorSet of protobuf. */
const PRINT_SCHEMA = `
import sys
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import DESCRIPTOR
schema = FileDescriptorSet()
def add(file):
    if any(each.name == file.name for each in schema.file): return
    for needed in file.dependencies: add(needed)
    file.CopyToProto(schema.file.add())
add(DESCRIPTOR)
sys.stdout.buffer.write(schema.SerializeToString())
`

const openSchema = async () => {
  const python = join(toolCache, 'opentelemetry-proto', 'bin', 'python')
  const { stdout } = await promisify(execFile)(python, ['-c', PRINT_SCHEMA], { encoding: 'buffer' })
  const root = protobuf.Root.fromDescriptor(stdout)
  const type = (name: string) => root.lookupType(`opentelemetry.proto.collector.trace.v1.${name}`)
  return {
    request: type('ExportTraceServiceRequest'),
    response: type('ExportTraceServiceResponse'),
  }
}

const spansOf = ({ resource_spans = [] }: Request): SentSpan[] =>
  resource_spans.flatMap(({ resource, scope_spans }) =>
    scope_spans.flatMap(({ spans }) =>
      spans.map((span) => ({
        name: span.name,
        traceId: span.trace_id.toString('hex'),
        spanId: span.span_id.toString('hex'),
        parentSpanId: span.parent_span_id?.toString('hex') ?? '',
        kind: span.kind.replace('SPAN_KIND_', ''),
        status: span.status?.code?.replace('STATUS_CODE_', '') ?? 'UNSET',
        start: BigInt(span.start_time_unix_nano),
        end: BigInt(span.end_time_unix_nano),
        attributes: flat(span.attributes),
        resource: flat(resource.attributes),
      })),
    ),
  )

/** Starts one on loopback. */
export const startCollector = async (): Promise<Collector> => {
  const { request, response } = await openSchema()
  const spans: SentSpan[] = []
  const faults: string[] = []
  const take = (bytes: Buffer): void => {
    const reader = protobuf.Reader.create(bytes)
    // Decoders call it for what the schema does not have, and for nothing else.
    const skip = reader.skipType.bind(reader)
    reader.skipType = (...field) => {
      faults.push(`a field at ${reader.pos} is not in the schema`)
      return skip(...field)
    }
    const message = request.decode(reader)
    const fault = request.verify(message)
    if (fault !== null) faults.push(fault)
    const options = { longs: String, enums: String, bytes: Buffer }
    spans.push(...spansOf(request.toObject(message, options) as Request))
  }
  const server = createServer(async (incoming, outgoing) => {
    const sent = await buffer(incoming)
    const { method, url, headers } = incoming
    if (method !== 'POST' || url !== '/v1/traces') faults.push(`${method} ${url}`)
    if (headers['content-type'] !== 'application/x-protobuf') faults.push('the type of the body')
    try {
      take(headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent)
    } catch (error) {
      faults.push(String(error))
    }
    outgoing.writeHead(200, { 'Content-Type': 'application/x-protobuf' })
    outgoing.end(response.encode({}).finish())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    faults,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
