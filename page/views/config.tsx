/**
 * What an image runs as, and what a chart says of itself.
 *
 * @module
 */

import { Facts, Section, TextList } from '../parts/small.tsx'
import type { Chart, ImageConfig } from '../shapes.ts'

const words = (list: readonly string[] | undefined): string | undefined =>
  list?.map((each) => (/^[\w@%+=:,./-]+$/.test(each) ? each : JSON.stringify(each))).join(' ')

const code = (text: string | undefined) => text && <code>{text}</code>

export const Config = ({ config }: { readonly config: ImageConfig }) => (
  <Section title="Configuration">
    <Facts
      facts={[
        ['Entrypoint', code(words(config.entrypoint))],
        ['Command', code(words(config.command))],
        ['Working directory', code(config.workingDir)],
        ['User', code(config.user)],
        ['Ports', code(config.ports?.join(', '))],
        ['Volumes', code(config.volumes?.join(', '))],
        ['Stop signal', code(config.stopSignal)],
        ['Author', config.author],
      ]}
    />
    {config.env !== undefined && config.env.length > 0 && (
      <>
        <h3>Environment</h3>
        <TextList
          texts={Object.fromEntries(
            config.env
              .map((each) => each.split(/=(.*)/s, 2))
              .map(([key = '', value = '']) => [key, value]),
          )}
        />
      </>
    )}
    {config.labels !== undefined && Object.keys(config.labels).length > 0 && (
      <>
        <h3>Labels</h3>
        <TextList texts={config.labels} />
      </>
    )}
  </Section>
)

export const ChartView = ({ chart }: { readonly chart: Chart }) => (
  <Section title="Chart">
    <Facts
      facts={[
        ['Name', chart.name],
        ['Version', chart.version],
        ['Application', chart.appVersion],
        ['About', chart.description],
        ['Type', chart.type],
        ['Kubernetes', chart.kubeVersion],
        // Not a link: whoever pushed it wrote it.
        ['Home', chart.home],
        ['Keywords', chart.keywords?.join(', ')],
        ['Sources', chart.sources?.join(', ')],
      ]}
    />
  </Section>
)
