/**
 * Deploys the stack of lib/, unchanged, to an emulated AWS with `cdk deploy`, and creates its first user
 * with the command in the stack's outputs.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { projectRoot, run, scratch } from '../../support/live/process.ts'
import { type Emulator, startEmulator } from './emulator.ts'
import { type ResponseParameters, startFront } from './front.ts'
import { closeGaps } from './gaps.ts'
import { requireUsable } from './usable.ts'

/** The outputs of the stack. */
export interface Outputs {
  readonly RegistryHost: string
  /** Only where there is an upload host. */
  readonly PushHost?: string
  readonly BucketName: string
  readonly ApiId: string
  /** Commands for a shell. */
  readonly FirstUser: string
  readonly SetPolicy: string
}

interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>
  >
}

export interface Deployment {
  readonly emulator: Emulator
  /** `host:port` for clients; plain HTTP. */
  readonly address: string
  readonly stackName: string
  readonly outputs: Outputs
  /** The account created with the command in the outputs. */
  readonly admin: { readonly name: string; readonly password: string }
  /** Runs `cdk deploy` again, with further context values. */
  deploy(context?: Readonly<Record<string, string>>): Promise<Outputs>
  /** Runs one of Slipway's commands on the deployed store. @returns its standard output */
  slipway(command: string, input?: string): Promise<string>
  /** Runs `cdk destroy`. @returns its standard output */
  destroy(): Promise<string>
  close(): Promise<void>
}

const only = <T>(values: readonly T[]): T => {
  const [value] = values
  assert.ok(value !== undefined && values.length === 1, `${values.length} instead of one`)
  return value
}

/** The name of a synthesized stack, and the response parameters of its only integration. */
const readTemplate = (assembly: string): { stackName: string; parameters: ResponseParameters } => {
  const file = only(readdirSync(assembly).filter((name) => name.endsWith('.template.json')))
  const { Resources }: Template = JSON.parse(readFileSync(join(assembly, file), 'utf8'))
  const integration = only(
    Object.values(Resources).filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Integration'),
  )
  return {
    stackName: file.replace('.template.json', ''),
    parameters: (integration.Properties.ResponseParameters ?? {}) as ResponseParameters,
  }
}

/** What an emulator needs to be able to deploy the stack, and what it does not have. */
export interface Habits {
  /** Context values beside `publicUrl`. */
  readonly context: Readonly<Record<string, string>>
  /** Adapts what was deployed. */
  closeGaps(emulator: Emulator, stackName: string): Promise<void>
}

/** It knows neither alarms on a quotient nor Web Functions, and would reject the stack. */
export const MINISTACK: Habits = {
  context: { alarms: 'off', webFunction: 'off', terminationProtection: 'off' },
  closeGaps,
}

/**
 * Deploys the stack, and gives clients an address for it.
 *
 * @param start starts the emulator; default: the one named by the environment, or a new one
 */
export const startDeployment = async (
  start = startEmulator,
  habits = MINISTACK,
): Promise<Deployment> => {
  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    const failures: unknown[] = []
    for (const closer of closers.splice(0).reverse()) {
      try {
        await closer()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
  try {
    const emulator = await start()
    closers.push(emulator.close)
    if (emulator.shared) await requireUsable(emulator)
    const front = await startFront(emulator.endpoint)
    closers.push(front.close)
    const files = scratch('deployment')
    closers.push(files.remove)
    const assembly = join(files.path, 'cdk.out')
    const outputsFile = join(files.path, 'outputs.json')
    const base = { publicUrl: `http://${front.address}`, ...habits.context }

    const cdk = (command: string, ...args: string[]) =>
      run(process.execPath, [join(projectRoot, 'node_modules/aws-cdk/bin/cdk'), command, ...args], {
        cwd: projectRoot,
        env: { ...emulator.env, HOME: files.path, CI: 'true' },
      })
    const contextOf = (context: Readonly<Record<string, string>>) =>
      Object.entries({ ...base, ...context }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const deploy = async (context: Readonly<Record<string, string>> = {}) => {
      await cdk(
        ...(['deploy', '--require-approval', 'never', '--output', assembly] as const),
        ...['--outputs-file', outputsFile, ...contextOf(context)],
      )
      const outputs = only(
        Object.values(JSON.parse(readFileSync(outputsFile, 'utf8')) as Record<string, Outputs>),
      )
      const { stackName, parameters } = readTemplate(assembly)
      front.serve({ id: outputs.ApiId, responseParameters: parameters })
      await habits.closeGaps(emulator, stackName)
      return outputs
    }
    const shell = (command: string, input = '') =>
      run('bash', ['-c', command], { cwd: projectRoot, env: emulator.env, input })

    const destroy = () => cdk('destroy', '--force', '--output', assembly, ...contextOf({}))
    // An assembly of its own: two suites that use the project's at once would refuse each other.
    await cdk('bootstrap', `aws://000000000000/${emulator.region}`, '--output', assembly)
    if (emulator.shared) {
      await destroy()
      closers.push(async () => void (await destroy()))
    }
    const outputs = await deploy()
    const [, name = ''] = outputs.FirstUser.match(/ user add (\S+) /) ?? []
    const admin = { name, password: 'correct horse battery staple' }
    await shell(`${outputs.FirstUser} --password-stdin`, `${admin.password}\n`)
    return {
      emulator,
      address: front.address,
      stackName: readTemplate(assembly).stackName,
      outputs,
      admin,
      deploy,
      slipway: (command, input) =>
        shell(
          outputs.FirstUser.replace(`user add ${name}`, command).replace('run ', 'run --silent '),
          input,
        ),
      destroy,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Gives the deployment of a suite, inside its tests and hooks only. */
export type Deployed = () => Deployment

/** Deploys the stack for the suite that calls it, and removes it afterwards. */
export const useDeployment = (start?: () => Promise<Emulator>, habits?: Habits): Deployed => {
  let deployment: Deployment | undefined
  beforeAll(async () => {
    deployment = await startDeployment(start, habits)
  }, 600_000)
  afterAll(() => deployment?.close())
  return () => {
    if (deployment === undefined) throw new Error('the stack was not deployed')
    return deployment
  }
}
