/**
 * The standard variables: when traces are wanted, what each does, and that one which makes no sense is said.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { readTraceConfig } from '../../functions/traces/config.ts'
import { type Environment, tracesWanted } from '../../functions/traces/wanted.ts'

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }

const WANTED: readonly (readonly [Environment, boolean])[] = [
  [{}, false],
  [{ OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' }, false],
  [ENDPOINT, true],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' }, true],
  [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://127.0.0.1:4318' }, false],
  [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
  [{ OTEL_TRACES_EXPORTER: 'console,OTLP' }, true],
  [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, false],
  [{ ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }, false],
  [{ ...ENDPOINT, OTEL_SDK_DISABLED: 'false' }, true],
]
test.each(WANTED)('%j: %s', (env, wanted) => expect(tracesWanted(env)).toBe(wanted))

const read = (env: Environment) => {
  const warned: string[] = []
  return { ...readTraceConfig(env, (variable) => void warned.push(variable)), warned }
}

const SAMPLERS: readonly (readonly [Environment, string, readonly string[]])[] = [
  [{}, 'ParentBased{root=AlwaysOnSampler', []],
  [{ OTEL_TRACES_SAMPLER: 'always_off' }, 'AlwaysOffSampler', []],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, 'ParentBased{root=AlwaysOffSampler', []],
  [
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
    'TraceIdRatioBased{0.25}',
    [],
  ],
  [
    { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' },
    'ParentBased{root=TraceIdRatioBased{1}',
    ['OTEL_TRACES_SAMPLER_ARG'],
  ],
  [
    { OTEL_TRACES_SAMPLER: 'constructor' },
    'ParentBased{root=AlwaysOnSampler',
    ['OTEL_TRACES_SAMPLER'],
  ],
]
test.each(SAMPLERS)('%j samples by %s', (env, sampler, warned) => {
  const config = read(env)
  expect(String(config.sampler)).toContain(sampler)
  expect(config.warned).toEqual(warned)
})

describe('other variables', () => {
  const CASES: readonly (readonly [Environment, object])[] = [
    [
      {},
      {
        resource: { 'service.name': 'slipway' },
        propagates: true,
        batch: {},
        longest: 1024,
        warned: [],
      },
    ],
    [
      { OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,team=a%2Cb,service.name=one' },
      { resource: { 'service.name': 'one', 'deployment.environment.name': 'test', team: 'a,b' } },
    ],
    [
      { OTEL_SERVICE_NAME: 'two', OTEL_RESOURCE_ATTRIBUTES: 'service.name=one' },
      { resource: { 'service.name': 'two' } },
    ],
    [{ OTEL_PROPAGATORS: 'baggage' }, { propagates: false, warned: [] }],
    [{ OTEL_PROPAGATORS: 'b3, tracecontext' }, { propagates: true, warned: ['OTEL_PROPAGATORS'] }],
    [
      { OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_BSP_MAX_QUEUE_SIZE: 'many' },
      { batch: { scheduledDelayMillis: 10 }, warned: ['OTEL_BSP_MAX_QUEUE_SIZE'] },
    ],
    [{ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '50' }, { longest: 50 }],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, { warned: ['OTEL_EXPORTER_OTLP_PROTOCOL'] }],
  ]
  test.each(CASES)('%j', (env, expected) => expect(read(env)).toMatchObject(expected))
})
