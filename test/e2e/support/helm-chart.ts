/**
 * A chart that Helm pushes, as large as a test wants.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blob } from '../../support/hosts/content.ts'
import { run } from '../../support/live/process.ts'
import type { Account } from './client.ts'

export interface Chart {
  push(): Promise<string>
  /** Pulls from a host, by default the one it was pushed to. @returns whether the bytes are the same */
  pulls(address?: string): Promise<boolean>
}

export interface ChartOptions {
  readonly program: 'helm' | 'helm42'
  readonly megabytes: number
  /** `host:port` of the registry. */
  readonly address: string
  readonly account: Account
  /** The repository is that of the chart, `chart`, below this one. */
  readonly below: string
}

/** Packs a chart in a directory that is Helm's home, and logs Helm in. */
export const openChart = async (
  home: string,
  { program, megabytes, address, account: { name, password }, below }: ChartOptions,
): Promise<Chart> => {
  const env = { HOME: home, HELM_REGISTRY_CONFIG: join(home, 'registry.json') }
  const helm = (...args: string[]) => run(program, args, { env, cwd: home })
  mkdirSync(join(home, 'chart'))
  writeFileSync(join(home, 'chart/Chart.yaml'), 'apiVersion: v2\nname: chart\nversion: 1.0.0\n')
  // Helm takes no file of a chart above 5 MiB.
  for (let part = 0; part < megabytes; part += 2) {
    writeFileSync(join(home, 'chart', `part-${part}`), blob(`${part}`, 2_000_000).bytes)
  }
  await helm('package', 'chart')
  const logIn = (at: string) =>
    helm('registry', 'login', at, '-u', name, '-p', password, '--plain-http')
  await logIn(address)
  return {
    push: () => helm('push', 'chart-1.0.0.tgz', `oci://${address}/${below}`, '--plain-http'),
    async pulls(from = address) {
      if (from !== address) await logIn(from)
      mkdirSync(join(home, 'pulled'))
      const args = ['--version', '1.0.0', '--plain-http', '-d', 'pulled']
      await helm('pull', `oci://${from}/${below}/chart`, ...args)
      const [was, is] = ['chart-1.0.0.tgz', 'pulled/chart-1.0.0.tgz'].map((file) =>
        readFileSync(join(home, file)),
      )
      return is!.equals(was!)
    },
  }
}
