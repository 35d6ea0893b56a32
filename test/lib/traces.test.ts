/**
 * With `traces`, the function behind the API has what follows its requests, and may read the headers that the collector
 * asks for; nothing else changes.
 *
 * @module
 */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readTraceConfig } from '../../functions/traces/config.ts'
import { tracesWanted } from '../../functions/traces/wanted.ts'
import {
  type Context,
  only,
  snapshotOf,
  stackIn,
  statementsOf,
  synth,
  templateOf,
  withApp,
} from './synth.ts'

const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:collector-AbCdEf'
const TRACES: Context = { traces: 'https://collector.example:4318' }

const variablesOf = (context: Context): Record<string, string> =>
  (only(synth(context), 'AWS::Lambda::Function').Environment as { Variables: never }).Variables
const tracesIn = (context: Context): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variablesOf(context)).filter(([name]) => /OTEL|TRACE/.test(name)),
  )

const CASES: readonly (readonly [Context, Record<string, string>])[] = [
  [{}, {}],
  [TRACES, { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example:4318' }],
  [
    { ...TRACES, traceHeaders: SECRET, traceRatio: '0.05' },
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example:4318',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.05',
      SLIPWAY_TRACE_HEADERS: SECRET,
    },
  ],
]
test.each(CASES)('%j: the function is told', (context, told) => {
  expect(tracesIn(context)).toEqual(told)
  expect(tracesWanted(told)).toBe(context !== CASES[0]?.[0])
  const wrong: string[] = []
  readTraceConfig(told, (variable) => void wrong.push(variable))
  expect(wrong).toEqual([])
})

test('nothing else changes', () => {
  const without = snapshotOf(synth({}))
  const { Resources, ...rest } = snapshotOf(synth(TRACES))
  expect(rest).toEqual({ Outputs: without.Outputs })
  const changed = Object.entries(Resources).filter(
    ([id, resource]) => JSON.stringify(resource) !== JSON.stringify(without.Resources[id]),
  )
  expect(Object.keys(Resources)).toEqual(Object.keys(without.Resources))
  expect(changed.map(([, { Type }]) => Type)).toEqual(['AWS::Lambda::Function'])
  expect(changed[0]?.[1].Properties.Handler).toBe('api-traced.handler')
})

test('the function may read the secret, and no other one', () => {
  const policy = (context: Context) =>
    statementsOf(only(synth(context), 'AWS::IAM::Policy').PolicyDocument)
  const read = policy({ ...TRACES, traceHeaders: SECRET }).filter(({ actions }) =>
    actions.some((action) => action.startsWith('secretsmanager:')),
  )
  expect(read).toMatchObject([
    { actions: ['secretsmanager:GetSecretValue'], resources: [SECRET], effect: 'Allow' },
  ])
  expect(JSON.stringify(policy(TRACES))).not.toContain('secretsmanager')
})

/** Files of all assets of an app. */
const filesOf = (context: Context): string[] =>
  withApp(context, (app) => {
    templateOf(stackIn(app))
    const out = app.synth().directory
    return readdirSync(out)
      .filter((name) => name.startsWith('asset.'))
      .flatMap((name) => {
        try {
          return readdirSync(join(out, name))
        } catch {
          return []
        }
      })
  })

test('the code for it is deployed only with it', () => {
  expect(filesOf({})).not.toContain('api-traced.mjs')
  const traced = filesOf(TRACES)
  expect(traced).toContain('api-traced.mjs')
  expect(traced).toContain('api.mjs')
})
