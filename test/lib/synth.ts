/**
 * Templates of the stack, made in this process as `cdk synth` makes them, but for the function's code:
 * a file in its place saves the time of bundling.
 *
 * @module
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { App, type Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import type { Construct } from 'constructs'
import type { RegistryCode } from '../../lib/code.ts'
import { readContext } from '../../lib/read-context.ts'
import type { RegistryStack } from '../../lib/registry-stack.ts'
import { createStacks } from '../../lib/stacks.ts'

/** Context values by name, as with `-c`. */
export type Context = Readonly<Record<string, unknown>>

/** A resource of a template. */
export interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, unknown>>
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
}

/** A template as CloudFormation reads it. */
export interface TemplateJson {
  readonly Resources: Readonly<Record<string, Resource>>
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>
}

const cdkJson: { readonly context: Context } = JSON.parse(
  readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'),
)

/** Directories that stand for bundles. */
export const CODE: RegistryCode = {
  api: fileURLToPath(new URL('./code/api', import.meta.url)),
  traces: fileURLToPath(new URL('./code/traces', import.meta.url)),
  web: fileURLToPath(new URL('./code/web', import.meta.url)),
  page: fileURLToPath(new URL('./code/page', import.meta.url)),
}

/** The flags of cdk.json, which a template depends on. */
export const FLAGS: Context = cdkJson.context

/**
 * Does something with an app, whose files are gone afterwards.
 *
 * @param validated whether CloudFormation's rules are tried on its templates, which takes longer than
 *   to make them
 */
export const withApp = <T>(context: Context, use: (app: App) => T, validated = false): T => {
  const outdir = mkdtempSync(join(tmpdir(), 'slipway-synth-'))
  try {
    return use(
      new App({
        outdir,
        context: { ...FLAGS, ...context },
        analyticsReporting: false,
        // Where constructs were made, and their tree, are no part of a template.
        stackTraces: false,
        treeMetadata: false,
        builtinCloudFormationValidation: validated,
      }),
    )
  } finally {
    rmSync(outdir, { recursive: true })
  }
}

/** Where stacks with an edge are deployed. */
export const TARGET = { account: '123456789012', region: 'eu-central-1' } as const

/** The stack of an app, as the context values have it. */
export const stackIn = (app: Construct): RegistryStack => {
  const values = readContext(app.node)
  return createStacks(app, values, CODE, TARGET)
}

/** The template of a stack. */
export const templateOf = (stack: Stack): TemplateJson =>
  Template.fromStack(stack).toJSON() as TemplateJson

const templates = new Map<string, TemplateJson>()

/**
 * The template with these context values; made once.
 *
 * @throws ContextError
 */
export const synth = (context: Context = {}): TemplateJson => {
  const key = JSON.stringify(context)
  const template = templates.get(key) ?? withApp(context, (app) => templateOf(stackIn(app)))
  templates.set(key, template)
  return template
}

/** All resources of a type. */
export const ofType = ({ Resources }: TemplateJson, type: string): Resource[] =>
  Object.values(Resources).filter((resource) => resource.Type === type)

/** Begins the ids of the Web Function's own resources, which are few in a template of the rest. */
const WEB = /^(?:RegistryWeb|CustomS3ObjectCopy)/

/** The part of a template that is the Web Function's, or the part that is not. */
export const part = (template: TemplateJson, isWeb: boolean): TemplateJson => ({
  ...template,
  Resources: Object.fromEntries(
    Object.entries(template.Resources).filter(([id]) => WEB.test(id) === isWeb),
  ),
})

/** Begins the ids of what is the clean-up's own. */
const CLEAN_UP = /^RegistryCleanUp/

/** The part of a template that is the clean-up's, or the part that is not. */
export const cleanUpPart = (template: TemplateJson, isCleanUp: boolean): TemplateJson => ({
  ...template,
  Resources: Object.fromEntries(
    Object.entries(template.Resources).filter(([id]) => CLEAN_UP.test(id) === isCleanUp),
  ),
})

/** Begins the ids of what is the record of pulls' own. */
const PULLS = /^RegistryPulls/

/** The part of a template that is of the record of pulls, or the part that is not. */
export const pullsPart = (template: TemplateJson, isPulls: boolean): TemplateJson => ({
  ...template,
  Resources: Object.fromEntries(
    Object.entries(template.Resources).filter(([id]) => PULLS.test(id) === isPulls),
  ),
})

/** Begins the ids of what belongs to sending events. */
const EVENTS = /^RegistryEvents/

/** The part of a template that sends events, or the part that is not. */
export const eventsPart = (template: TemplateJson, isEvents: boolean): TemplateJson => ({
  ...template,
  Resources: Object.fromEntries(
    Object.entries(template.Resources).filter(([id]) => EVENTS.test(id) === isEvents),
  ),
})

/** The properties of the only resource of a type, apart from those of the Web Function and the clean-up. */
export const only = (template: TemplateJson, type: string): Readonly<Record<string, unknown>> =>
  onlyIn(cleanUpPart(part(template, false), false), type)

/** The properties of the only resource of a type in all of a template, or a part of it. */
export const onlyIn = (template: TemplateJson, type: string): Readonly<Record<string, unknown>> => {
  const [resource, ...more] = ofType(template, type)
  if (resource === undefined || more.length > 0) {
    throw new Error(`${more.length + (resource ? 1 : 0)} of ${type} instead of one`)
  }
  return resource.Properties
}

/** A value as one text: `{ Ref: 'X' }` is `<X>`, an attribute `<X.Arn>`, joined parts are joined. */
export const written = (value: unknown): string => {
  if (typeof value === 'string') return value
  const [[name, content] = []] = Object.entries(value as Record<string, unknown>)
  if (name === 'Ref') return `<${content}>`
  if (name === 'Fn::Sub') return (content as string).replaceAll(/\$\{([^}]*)\}/g, '<$1>')
  const parts = content as unknown[]
  if (name === 'Fn::GetAtt') return `<${parts.join('.')}>`
  if (name === 'Fn::Join') return (parts[1] as unknown[]).map(written).join(parts[0] as string)
  throw new Error(`cannot write ${JSON.stringify(value)}`)
}

/** A statement of a policy, with lists for single values. */
export interface Statement {
  readonly sid: string | undefined
  readonly effect: string
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  readonly principal: unknown
  readonly condition: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value])

/** The statements of a policy document. */
export const statementsOf = (document: unknown): Statement[] =>
  (document as { Statement: Record<string, unknown>[] }).Statement.map((each) => ({
    sid: each.Sid as string | undefined,
    effect: each.Effect as string,
    actions: list(each.Action) as string[],
    resources: list(each.Resource).map(written),
    principal: each.Principal,
    condition: each.Condition as Statement['condition'],
  }))

/** Where the reviewed template is. */
export const SNAPSHOT = new URL('./template.json', import.meta.url)

/** A template as it is reviewed: without what changes with every line of code or of CDK itself. */
export const snapshotOf = ({ Resources, Outputs }: TemplateJson): TemplateJson =>
  JSON.parse(JSON.stringify({ Resources, Outputs }).replaceAll(/\b[0-9a-f]{64}\b/g, '<hash>'))

/** Begins the ids of what belongs to copies of blobs of upstreams. */
const FILLS = /^RegistryFills/

/** The part of a template that copies blobs of upstreams, or the part that does not. */
export const fillsPart = (template: TemplateJson, isFills: boolean): TemplateJson => ({
  ...template,
  Resources: Object.fromEntries(
    Object.entries(template.Resources).filter(([id]) => FILLS.test(id) === isFills),
  ),
})

/** Begins the ids of what keeps repositories in step with others. */
const MIRROR = /^RegistryMirror/

/** The part of a template that keeps repositories in step with others, or the part that does not. */
export const mirrorPart = (template: TemplateJson, isMirror: boolean): TemplateJson => ({
  ...template,
  Resources: Object.fromEntries(
    Object.entries(template.Resources).filter(([id]) => MIRROR.test(id) === isMirror),
  ),
})
