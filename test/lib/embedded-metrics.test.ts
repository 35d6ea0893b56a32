/**
 * With `metrics=on` both functions write what CloudWatch counts, and dashboard and alarm ask for just that.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { COUNTED, SERVICE, THROUGH, TIMED } from '../../functions/compose/metric-names.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { ofType, synth } from './synth.ts'

const text = (context = {}): string => JSON.stringify(synth(context))
const on = { metrics: 'on' }

test('nothing is written, or asked for, by default', () => {
  expect(text()).not.toMatch(/METRICS_NAMESPACE|storeFailures|milliseconds/)
})

test('both functions have one namespace, which the setting takes', () => {
  const found = [...text(on).matchAll(/"SLIPWAY_METRICS_NAMESPACE":"([^"]+)"/g)].map(([, n]) => n)
  expect(found.length).toBeGreaterThanOrEqual(2)
  expect(new Set(found).size).toBe(1)
  const [namespace = ''] = found
  const settings = readSettings([], { SLIPWAY_METRICS_NAMESPACE: namespace })
  expect(settings['metrics-namespace']).toBe(namespace)
  expect(text(on)).toContain(`{\\\\\\"${namespace}\\\\\\",service,handler}`)
})

test('an alarm for calls of S3 that fail', () => {
  const alarms = ofType(synth(on), 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties)
  const [alarm, ...others] = alarms.filter((each) => /"storeFailures"/.test(JSON.stringify(each)))
  expect(others).toEqual([])
  const Metric = { Dimensions: [{ Name: 'service', Value: SERVICE }], MetricName: 'storeFailures' }
  expect(alarm).toMatchObject({
    Metrics: [{ MetricStat: { Metric, Stat: 'Sum', Period: 300 } }],
    Threshold: 10,
    TreatMissingData: 'notBreaching',
  })
  const without = ofType(synth({ ...on, alarms: 'off' }), 'AWS::CloudWatch::Alarm')
  expect(without).toEqual([])
})

test('the dashboard shows all of them', () => {
  const [dashboard] = ofType(synth(on), 'AWS::CloudWatch::Dashboard')
  const body = JSON.stringify(dashboard?.Properties)
  for (const { Name } of [TIMED, ...COUNTED]) expect(body).toContain(Name)
  for (const { Name } of THROUGH) expect(body).not.toContain(Name)
})

test('with upstreams, it shows what is pulled from them', () => {
  const [dashboard] = ofType(synth({ ...on, upstreams: 'on' }), 'AWS::CloudWatch::Dashboard')
  const body = JSON.stringify(dashboard?.Properties)
  for (const { Name } of [...COUNTED, ...THROUGH]) expect(body).toContain(Name)
  expect(body).toMatch(/upstreamRemaining[^[\]]*"Minimum|upstreamRemaining.{0,400}Minimum/)
})
