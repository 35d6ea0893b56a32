/**
 * Keys that never leave KMS: those that sign tokens, and the one that seals upload states.
 *
 * Each costs 1 USD a month, and 0.03 USD (MAC) or 0.15 USD (signature) per 10,000 uses: one signature
 * per token, one MAC per cold start. A key that is pending deletion costs nothing.
 *
 * @module
 */

import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import {
  AccountRootPrincipal,
  ArnPrincipal,
  type IRole,
  PolicyDocument,
  PolicyStatement,
} from 'aws-cdk-lib/aws-iam'
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms'
import { Construct } from 'constructs'

/**
 * What IAM may allow administrators of the account. Not signing: whoever can sign can be anybody to the
 * registry.
 */
const ADMINISTRATION = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:EnableKey',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:GetPublicKey',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
]

/** What the function does with a key, for both the key's policy and the role's. */
export interface Uses {
  readonly actions: readonly string[]
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export const SIGNING: readonly Uses[] = [
  {
    actions: ['kms:Sign'],
    conditions: { StringEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256' } },
  },
  { actions: ['kms:GetPublicKey'] },
]
export const SEALING: readonly Uses[] = [
  {
    actions: ['kms:GenerateMac'],
    conditions: { StringEquals: { 'kms:MacAlgorithm': 'HMAC_SHA_256' } },
  },
]

const statement = ({ actions, conditions }: Uses, more: object): PolicyStatement =>
  new PolicyStatement({ actions: [...actions], ...(conditions && { conditions }), ...more })

/** What the policy of a role must allow to use a key. */
export const keyStatements = (uses: readonly Uses[], keyArn: string): PolicyStatement[] =>
  uses.map((use) => statement(use, { resources: [keyArn] }))

/** The policy of a key that roles and users, by their ARNs, may use in the given ways only. */
export const keyPolicy = (users: readonly string[], uses: readonly Uses[]): PolicyDocument => {
  // In the policy of a key, `*` is the key itself.
  const itself = { resources: ['*'] }
  const principals = users.map((each) => new ArnPrincipal(each))
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        actions: ADMINISTRATION,
        principals: [new AccountRootPrincipal()],
        ...itself,
      }),
      ...uses.map((use) => statement(use, { principals, ...itself })),
    ],
  })
}

/** Keys as the functions know them. */
export interface KeySet {
  /** The settings that name the keys, by their variable. */
  readonly environment: Readonly<Record<string, string>>
  /** What each of the functions' roles must be allowed. */
  readonly statements: readonly PolicyStatement[]
  /** What each of the sealers must be allowed. */
  readonly sealing: readonly PolicyStatement[]
}

/**
 * Whether a key of this name can get replicas in other Regions, as `1-multi` can. That cannot be changed
 * of a key that is there, so it is part of the name: another name is another key.
 */
const isMultiRegion = (name: string): boolean => name.endsWith('-multi')

interface RoleKeyProps {
  readonly description: string
  readonly keySpec: KeySpec
  readonly keyUsage: KeyUsage
  /** Left out for keys of one Region, as in the templates of version 1.0.0. */
  readonly multiRegion?: true
  readonly roles: readonly IRole[]
  readonly users: readonly string[]
  readonly uses: readonly Uses[]
}

/** A key that some roles may use, for the given uses only. */
class RoleKey extends Key {
  /** What the roles' own policies must allow. */
  readonly statements: readonly PolicyStatement[]

  constructor(scope: Construct, id: string, { roles, users, uses, ...props }: RoleKeyProps) {
    super(scope, id, {
      ...props,
      policy: keyPolicy([...roles.map(({ roleArn }) => roleArn), ...users], uses),
      // If it is lost, people log in again, and nothing else is lost; for 30 days it can be restored.
      removalPolicy: RemovalPolicy.DESTROY,
      pendingWindow: Duration.days(30),
    })
    this.statements = keyStatements(uses, this.keyArn)
  }
}

export interface RegistryKeysProps {
  /** The roles of the functions, which alone may use the keys. */
  readonly roles: readonly IRole[]
  /** Roles that may use the key that seals upload states, and no other. */
  readonly sealers?: readonly IRole[] | undefined
  /** ARNs of further roles or users that may use the keys, as of Node servers. Default: nobody. */
  readonly users?: readonly string[] | undefined
  /**
   * Names of the signing keys, at least one. The first signs; all verify. To rotate: append a name and
   * deploy; ten minutes later, move it to the front and deploy; after 90 days, when the last token of
   * the old key has expired, remove the old name. A name that ends with `-multi` is a multi-Region key.
   * Default: `['1']`.
   */
  readonly signingKeys?: readonly string[] | undefined
  /**
   * Name of the key that seals upload states. Another name is another key, and ends the uploads in
   * progress; one that ends with `-multi` is a multi-Region key. Default: `1`.
   */
  readonly uploadKey?: string | undefined
}

/** The name of the keys that a new stack has. */
const FIRST = '1'

/** The registry's keys. */
export class RegistryKeys extends Construct implements KeySet {
  readonly environment: Readonly<Record<string, string>>
  readonly statements: readonly PolicyStatement[]
  readonly sealing: readonly PolicyStatement[]

  constructor(scope: Construct, id: string, props: RegistryKeysProps) {
    super(scope, id)
    const { roles, sealers = [], users = [], signingKeys = [FIRST] } = props
    const { uploadKey = FIRST } = props
    const { stackName } = Stack.of(this)
    const signing = signingKeys.map(
      (name) =>
        new RoleKey(this, `Signing${name}`, {
          description: `${stackName}: signs tokens (${name})`,
          keySpec: KeySpec.ECC_NIST_P256,
          keyUsage: KeyUsage.SIGN_VERIFY,
          roles,
          users,
          uses: SIGNING,
          ...(isMultiRegion(name) && { multiRegion: true }),
        }),
    )
    const upload = new RoleKey(this, uploadKey === FIRST ? 'Upload' : `Upload${uploadKey}`, {
      description: `${stackName}: seals upload states`,
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      roles: [...roles, ...sealers],
      users,
      uses: SEALING,
      ...(isMultiRegion(uploadKey) && { multiRegion: true }),
    })
    this.environment = {
      SLIPWAY_SIGNING_KEY: `kms:${signing.map((key) => key.keyArn).join(',')}`,
      SLIPWAY_UPLOAD_KEY: `kms:${upload.keyArn}`,
    }
    this.statements = [...signing, upload].flatMap((key) => key.statements)
    this.sealing = upload.statements
  }
}
