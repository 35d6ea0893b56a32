/**
 * A host name for the registry, with its certificate and DNS record.
 *
 * @module
 */

import {
  CfnApiMapping,
  type CfnDomainName,
  type CfnStage,
  DomainName,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigatewayv2'
import {
  Certificate,
  CertificateValidation,
  type ICertificate,
} from 'aws-cdk-lib/aws-certificatemanager'
import {
  AaaaRecord,
  ARecord,
  type IAliasRecordTarget,
  type IHostedZone,
  RecordTarget,
} from 'aws-cdk-lib/aws-route53'
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets'
import { Construct } from 'constructs'

export interface RegistryDomain {
  /** The host name, such as `registry.example.com`. */
  readonly name: string
  /** A certificate for it, in the region of the stack. Default: one is created and validated in the zone. */
  readonly certificate?: ICertificate | undefined
  /** Zone that the name is in. Default: no record is created; see {@link Domain.target}. */
  readonly zone?: IHostedZone | undefined
}

export interface DomainProps extends RegistryDomain {
  readonly stage: CfnStage
  /** Whether it has IPv6 addresses as well. */
  readonly dualstack: boolean
  /** Whether the gateway answers under the name. */
  readonly atGateway: boolean
  /** What the name points to instead of the gateway. */
  readonly alias?: IAliasRecordTarget | undefined
}

const aliasOf = ({ regionalDomainName, regionalHostedZoneId }: DomainName): IAliasRecordTarget =>
  new ApiGatewayv2DomainProperties(regionalDomainName, regionalHostedZoneId)

/** The host name, at the gateway and in the zone. */
export class Domain extends Construct {
  /** What the name must point to at the gateway, if it is there: the target of a CNAME record. */
  readonly target: string | undefined

  /** @throws Error when there is neither a certificate nor a zone */
  constructor(scope: Construct, id: string, props: DomainProps) {
    super(scope, id)
    const { name, zone, dualstack, atGateway } = props
    const domain = atGateway ? this.gatewayName(props) : undefined
    this.target = domain?.regionalDomainName
    const alias = props.alias ?? (domain && aliasOf(domain))
    if (zone === undefined || alias === undefined) return
    const record = { zone, recordName: `${name}.`, target: RecordTarget.fromAlias(alias) }
    // The same records whatever they point to, so that a change of that leaves no gap.
    new ARecord(this, 'Record', record)
    if (dualstack) new AaaaRecord(this, 'Record6', record)
  }

  private gatewayName({ name, certificate, zone, stage, dualstack }: DomainProps): DomainName {
    const domain = new DomainName(this, 'Name', {
      domainName: name,
      certificate: certificate ?? this.certificate(name, zone),
      securityPolicy: SecurityPolicy.TLS_1_2,
    })
    if (dualstack) {
      // The construct has no property for it.
      const resource = domain.node.defaultChild as CfnDomainName
      resource.addPropertyOverride('DomainNameConfigurations.0.IpAddressType', 'dualstack')
    }
    new CfnApiMapping(this, 'Mapping', {
      apiId: stage.apiId,
      stage: stage.ref,
      domainName: domain.name,
    })
    return domain
  }

  private certificate(name: string, zone: IHostedZone | undefined): ICertificate {
    if (zone === undefined) {
      throw new Error(`the domain ${name} needs a certificate, or a zone to validate one in`)
    }
    return new Certificate(this, 'Certificate', {
      domainName: name,
      validation: CertificateValidation.fromDns(zone),
    })
  }
}
