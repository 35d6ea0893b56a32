/**
 * The Helm chart: Helm's lint finds nothing, what it renders is what the values say, and values that make no
 * sense are refused by the schema. No cluster runs here, so nothing is installed.
 *
 * @module
 */

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Document, isNode, parseAllDocuments } from 'yaml'
import { SETTINGS } from '../../functions/compose/setting-table.ts'
import { projectRoot, run, toolCache } from '../support/live/process.ts'

const CHART = join(projectRoot, 'packaging/helm/slipway')
const HELM = join(toolCache, 'bin/helm')

/** The version of the cluster that is rendered for. */
const KUBERNETES = '1.34.0'

const sets = (values: readonly string[]): string[] => values.flatMap((value) => ['--set', value])

/** What the chart renders, by kind. */
const render = async (...values: readonly string[]): Promise<ReadonlyMap<string, Document>> => {
  const printed = await run(HELM, [
    'template',
    'test',
    CHART,
    '--kube-version',
    KUBERNETES,
    ...sets(values),
  ])
  const documents = parseAllDocuments(printed).filter((each) => each instanceof Document)
  return new Map(documents.map((each) => [String(each.get('kind')), each]))
}

/** What stands at a path in one of them, as plain data. */
const at = (resources: ReadonlyMap<string, Document>, kind: string, path: string): unknown => {
  const keys = path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key))
  const found = resources.get(kind)?.getIn(keys)
  return isNode(found) ? found.toJSON() : found
}

const POD = 'spec.template.spec'

interface Metadata {
  readonly name: string
  readonly annotations?: Readonly<Record<string, string>>
}

const ON_S3 = ['settings.store=s3://bucket/prefix', 'replicas=3']

describe('the chart', () => {
  test.each([
    ['as it is', []],
    ['on S3', ON_S3],
    [
      'with everything',
      [...ON_S3, 'ingress.enabled=true', 'ingress.host=r.example', 'tls.secretName=t'],
    ],
  ])('lint finds nothing: %s', async (_, values) => {
    const printed = await run(HELM, [
      'lint',
      '--strict',
      CHART,
      '--kube-version',
      KUBERNETES,
      ...sets(values),
    ])
    expect(printed).toContain('1 chart(s) linted, 0 chart(s) failed')
  })

  test('on files: one pod at a time, with a volume that stays', async () => {
    const resources = await render()
    expect([...resources.keys()].sort()).toEqual([
      'Deployment',
      'PersistentVolumeClaim',
      'Service',
      'ServiceAccount',
    ])
    expect(at(resources, 'Deployment', 'spec')).toMatchObject({
      replicas: 1,
      strategy: { type: 'Recreate' },
    })
    const { name, annotations } = at(resources, 'PersistentVolumeClaim', 'metadata') as Metadata
    expect(annotations).toEqual({ 'helm.sh/resource-policy': 'keep' })
    expect(at(resources, 'Deployment', `${POD}.volumes`)).toContainEqual({
      name: 'data',
      persistentVolumeClaim: { claimName: name },
    })
  })

  test('on S3: several pods, and no volume', async () => {
    const resources = await render(...ON_S3)
    expect(at(resources, 'Deployment', 'spec.replicas')).toBe(3)
    expect(at(resources, 'Deployment', 'spec.strategy')).toBeUndefined()
    expect(resources.has('PersistentVolumeClaim')).toBe(false)
  })

  test('runs without rights, on a root that cannot be written to', async () => {
    const resources = await render()
    expect(at(resources, 'Deployment', `${POD}.containers.0.securityContext`)).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(at(resources, 'Deployment', POD)).toMatchObject({
      securityContext: { runAsNonRoot: true, runAsUser: 10001 },
      automountServiceAccountToken: false,
    })
  })

  test('is asked whether it is alive, and whether it is ready', async () => {
    const resources = await render()
    for (const [probe, path] of [
      ['livenessProbe', '/livez'],
      ['readinessProbe', '/readyz'],
    ]) {
      expect(at(resources, 'Deployment', `${POD}.containers.0.${probe}.httpGet`)).toEqual({
        path,
        port: 'registry',
        scheme: 'HTTP',
      })
    }
  })

  test('sets only variables that the server reads', async () => {
    const resources = await render('tls.secretName=t', 'settings.read-only=on')
    const env = at(resources, 'Deployment', `${POD}.containers.0.env`) as readonly Metadata[]
    const names = env.map(({ name }) => name)
    expect(names).toContain('SLIPWAY_READ_ONLY')
    const known = Object.keys(SETTINGS).map(
      (name) => `SLIPWAY_${name.toUpperCase().replaceAll('-', '_')}`,
    )
    expect(names.filter((name) => !known.includes(name))).toEqual([])
  })

  test.each([
    ['a store of no kind', ['settings.store=bucket'], /store/],
    ['an address to listen on', ['settings.listen=0.0.0.0:80'], /listen/],
    ['an unknown value', ['replica=2'], /replica/],
    ['two servers on a directory', ['replicas=2'], /a directory is for one server/],
    ['an ingress without a host', ['ingress.enabled=true'], /host/],
    ['a type of service that does not exist', ['service.type=Cluster'], /type/],
  ])('refuses %s', async (_, values, why) => {
    await expect(render(...values)).rejects.toThrow(why)
  })
})
