/**
 * Layers and the steps that made them.
 *
 * @module
 */

import { bytes, command, percent, plural } from '../format.ts'
import { Digest, Section, When } from '../parts/small.tsx'
import { Columns } from '../parts/table.tsx'
import type { Descriptor, Image, Step } from '../shapes.ts'

/** Colours of neighbours, by style sheet. */
const COLOURS = 6

/** Layers with the step that made each, where history and layers agree. */
export const madeBy = (
  layers: readonly Descriptor[],
  history: readonly Step[],
): readonly (Step | undefined)[] => {
  const steps = history.filter(({ empty }) => !empty)
  return layers.map((_, at) => (steps.length === layers.length ? steps[at] : undefined))
}

/** Shares of layers as a bar; the table below has the same in words. */
const Shares = ({
  layers,
  size,
}: {
  readonly layers: readonly Descriptor[]
  readonly size: number
}) => {
  let at = 0
  return (
    <svg class="shares" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      {layers.map(({ digest, size: own }, index) => {
        const x = at
        const width = (1000 * own) / size
        at += width
        return (
          <rect
            key={`${digest} ${index}`}
            class={`share-${index % COLOURS}`}
            x={x}
            width={Math.max(0, width - 2)}
            height="10"
          />
        )
      })}
    </svg>
  )
}

/** What a layer is: a file's name, the step that made it, or its type. */
const about = ({ annotations, mediaType }: Descriptor, step: Step | undefined) => {
  const title = annotations?.['org.opencontainers.image.title']
  if (title !== undefined) return <span class="file">{title}</span>
  if (step?.by !== undefined) return <code class="step">{command(step.by)}</code>
  return <span class="muted">{mediaType}</span>
}

export const Layers = ({ image }: { readonly image: Image }) => {
  const layers = image.layers ?? []
  if (layers.length === 0) return null
  const size = layers.reduce((sum, each) => sum + each.size, 0)
  const steps = madeBy(layers, image.image?.history ?? [])
  const isImage = image.kind === 'image'
  return (
    <Section
      title={isImage ? 'Layers' : 'Contents'}
      aside={`${plural(layers.length, isImage ? 'layer' : 'file')}, ${bytes(size)}`}
    >
      {size > 0 && layers.length > 1 && <Shares layers={layers} size={size} />}
      <div class="table-frame">
        <table class="layers">
          <caption class="hidden">{isImage ? 'Layers' : 'Contents'}, from the lowest</caption>
          <Columns
            of={[
              isImage ? 'Made by' : 'What',
              ['Size', 'col-size'],
              ['Share', 'col-share'],
              ['Digest', 'col-digest'],
            ]}
          />
          <tbody>
            {layers.map((layer, at) => (
              <tr key={`${layer.digest} ${at}`}>
                <td>
                  <span class={`dot share-${at % COLOURS}`} aria-hidden="true" />
                  {about(layer, steps[at])}
                </td>
                <td class="col-size">{bytes(layer.size)}</td>
                <td class="col-share">{percent(layer.size, size)}</td>
                <td class="col-digest">
                  <Digest digest={layer.digest} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  )
}

export const History = ({ steps }: { readonly steps: readonly Step[] }) => {
  if (steps.length === 0) return null
  return (
    <Section title="History" aside={plural(steps.length, 'step')}>
      <ol class="history">
        {steps.map(({ by, comment, created, empty }, at) => (
          <li key={at} class={empty ? 'quiet-step' : ''}>
            <code class="step">{command(by ?? comment ?? '') || '(nothing said)'}</code>
            {created !== undefined && <When date={created} />}
          </li>
        ))}
      </ol>
    </Section>
  )
}
