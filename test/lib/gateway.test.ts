/**
 * The HTTP API, its host names, and what it logs.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import {
  type Context,
  ofType,
  only,
  type Resource,
  synth,
  type TemplateJson,
  written,
} from './synth.ts'

const api = (name: string): string => `AWS::ApiGatewayV2::${name}`

describe('the HTTP API', () => {
  const template = synth()
  const integration = only(template, api('Integration'))

  test('sends all to the function', () => {
    assert.equal(only(template, api('Api')).ProtocolType, 'HTTP')
    const routes = ofType(template, api('Route')).map(({ Properties }) => Properties)
    assert.deepEqual(routes.map(({ RouteKey }) => RouteKey).sort(), ['$default', 'ANY /token'])
    for (const { Target, AuthorizationType } of routes) {
      assert.equal(AuthorizationType, 'NONE')
      assert.match(written(Target), /^integrations\/<\w+Integration\w+>$/)
    }
    const { IntegrationType, PayloadFormatVersion, IntegrationUri } = integration
    assert.deepEqual([IntegrationType, PayloadFormatVersion], ['AWS_PROXY', '2.0'])
    assert.match(written(IntegrationUri), /^<\w+Function\w+\.Arn>$/)
  })

  test('gives the challenge of a 401 its name back, and changes no other answer', () => {
    assert.deepEqual(integration.ResponseParameters, {
      401: {
        ResponseParameters: [
          {
            Destination: 'overwrite:header.WWW-Authenticate',
            Source: '$response.header.x-registry-challenge',
          },
        ],
      },
    })
  })

  test('waits as long as the function may take', () => {
    const { Timeout } = only(template, 'AWS::Lambda::Function')
    assert.equal(integration.TimeoutInMillis, (Timeout as number) * 1000)
  })

  test('is at the root, deployed with each change, and throttled', () => {
    const { StageName, AutoDeploy, DefaultRouteSettings } = only(template, api('Stage'))
    assert.deepEqual([StageName, AutoDeploy], ['$default', true])
    assert.deepEqual(DefaultRouteSettings, {
      ThrottlingRateLimit: 500,
      ThrottlingBurstLimit: 1000,
    })
    const throttled = only(synth({ rate: '10', burst: '20' }), api('Stage'))
    assert.deepEqual(throttled.DefaultRouteSettings, {
      ThrottlingRateLimit: 10,
      ThrottlingBurstLimit: 20,
    })
  })

  test('throttles /token by itself, once its route is there', () => {
    const stageOf = (context: Context) => ofType(synth(context), api('Stage'))[0]
    assert.deepEqual(stageOf({})?.Properties.RouteSettings, {
      'ANY /token': { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 200 },
    })
    const { Properties, DependsOn = [] } = stageOf({
      tokenRate: '5',
      tokenBurst: '10',
    }) as unknown as Resource & { readonly DependsOn: readonly string[] }
    assert.deepEqual(Properties.RouteSettings, {
      'ANY /token': { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10 },
    })
    assert.ok(DependsOn.some((id) => /^RegistryGatewayTokenRoute/.test(id)))
  })

  test('has IPv6 addresses, unless they are switched off', () => {
    assert.equal(only(template, api('Api')).IpAddressType, 'dualstack')
    assert.equal(only(synth({ dualstack: 'off' }), api('Api')).IpAddressType, undefined)
  })

  test('alone may invoke the function', () => {
    const permission = only(template, 'AWS::Lambda::Permission')
    assert.equal(permission.Principal, 'apigateway.amazonaws.com')
    assert.match(written(permission.SourceArn), /:execute-api:.*:<\w+Api\w+>\/\*\/\*$/)
  })

  test('logs each request as JSON, and neither its query nor its headers', () => {
    const { Format, DestinationArn } = only(template, api('Stage')).AccessLogSettings as {
      readonly Format: string
      readonly DestinationArn: unknown
    }
    const fields: Readonly<Record<string, string>> = JSON.parse(Format)
    for (const field of [
      'requestId',
      'ip',
      'time',
      'method',
      'path',
      'status',
      'integrationError',
    ]) {
      assert.ok(fields[field], field)
    }
    for (const variable of Object.values(fields)) {
      assert.match(variable, /^\$context\.[A-Za-z.]+$/)
      assert.doesNotMatch(variable, /query|header|authorizer|body/i)
    }
    assert.match(written(DestinationArn), /:log-group:<\w+AccessLog\w+>$/)
  })
})

describe('host names', () => {
  const certificate = 'arn:aws:acm:eu-west-1:123456789012:certificate/00000000'
  const zone = { hostedZoneId: 'Z0123456789', hostedZoneName: 'example.com' }
  const domain = 'registry.example.com'

  const resourcesOf = (template: TemplateJson) => ({
    certificates: ofType(template, 'AWS::CertificateManager::Certificate').length,
    records: ofType(template, 'AWS::Route53::RecordSet').length,
    ownHost: only(template, api('Api')).DisableExecuteApiEndpoint !== true,
    host: written(template.Outputs.RegistryHost?.Value),
    target: template.Outputs.DomainTarget !== undefined,
  })

  const cases: readonly (readonly [
    what: string,
    context: Context,
    expected: ReturnType<typeof resourcesOf>,
  ])[] = [
    [
      'a certificate that is there: the record is left to whoever has the zone',
      { domain, certificate },
      { certificates: 0, records: 0, ownHost: false, host: domain, target: true },
    ],
    [
      'a zone: certificate and record are made',
      { domain, ...zone },
      { certificates: 1, records: 2, ownHost: false, host: domain, target: false },
    ],
    [
      'both: the record is made',
      { domain, certificate, ...zone },
      { certificates: 0, records: 2, ownHost: false, host: domain, target: false },
    ],
    [
      'a public URL: nothing is made, and the API stays reachable for what stands in front',
      { publicUrl: 'https://registry.example.com' },
      { certificates: 0, records: 0, ownHost: true, host: domain, target: false },
    ],
  ]
  for (const [what, context, expected] of cases) {
    test(what, () => {
      const template = synth(context)
      assert.deepEqual(resourcesOf(template), expected)
      const { Variables } = only(template, 'AWS::Lambda::Function').Environment as {
        readonly Variables: Readonly<Record<string, unknown>>
      }
      assert.equal(Variables.SLIPWAY_PUBLIC_URL, `https://${domain}`)
    })
  }

  test('none: the one of the API', () => {
    const template = synth()
    const { host, ownHost } = resourcesOf(template)
    assert.match(host, /^<\w+Api\w+>\.execute-api\.<AWS::Region>\.<AWS::URLSuffix>$/)
    assert.ok(ownHost)
    assert.deepEqual(ofType(template, api('DomainName')), [])
  })

  test('a domain is mapped to the stage at its root, with TLS 1.2', () => {
    const template = synth({ domain, ...zone })
    const { DomainNameConfigurations } = only(template, api('DomainName'))
    const [configuration] = DomainNameConfigurations as readonly Record<string, unknown>[]
    assert.equal(configuration?.SecurityPolicy, 'TLS_1_2')
    assert.equal(configuration?.EndpointType, 'REGIONAL')
    const { ApiMappingKey, Stage } = only(template, api('ApiMapping'))
    assert.equal(ApiMappingKey, undefined)
    assert.match(written(Stage), /^<\w+Stage\w+>$/)
    assert.equal(configuration?.IpAddressType, 'dualstack')
    const records = ofType(template, 'AWS::Route53::RecordSet').map(({ Properties: record }) => [
      ...[record.Name, record.Type, record.HostedZoneId],
    ])
    assert.deepEqual(records.sort(), [
      [`${domain}.`, 'A', 'Z0123456789'],
      [`${domain}.`, 'AAAA', 'Z0123456789'],
    ])
    const narrow = synth({ domain, ...zone, dualstack: 'off' })
    assert.equal(only(narrow, 'AWS::Route53::RecordSet').Type, 'A')
    const proof = only(template, 'AWS::CertificateManager::Certificate')
    assert.deepEqual(proof.DomainValidationOptions, [
      { DomainName: domain, HostedZoneId: 'Z0123456789' },
    ])
  })
})
