/**
 * Two tags of a repository beside each other.
 *
 * @module
 */

import { getImage } from '../api.ts'
import { bytes, plural } from '../format.ts'
import { useLoad } from '../load.ts'
import { Crumbs, Digest, Section, Title } from '../parts/small.tsx'
import { Loaded } from '../parts/states.tsx'
import { Columns } from '../parts/table.tsx'
import { toImage } from '../router.ts'
import { useSession } from '../session.ts'
import type { Descriptor, Image } from '../shapes.ts'
import { differences } from './differences.ts'

const sum = (layers: readonly Descriptor[]): number =>
  layers.reduce((total, { size }) => total + size, 0)

const Layers = ({
  title,
  layers,
}: {
  readonly title: string
  readonly layers: readonly Descriptor[]
}) => (
  <div class="compare-part">
    <h3>{title}</h3>
    <p class="muted">
      {plural(layers.length, 'layer')}, {bytes(sum(layers))}
    </p>
    <ul class="plain">
      {layers.map((layer, at) => (
        <li key={`${layer.digest} ${at}`}>
          <Digest digest={layer.digest} /> <span class="muted">{bytes(layer.size)}</span>
        </li>
      ))}
    </ul>
  </div>
)

const Both = ({ a, b }: { readonly a: Image; readonly b: Image }) => {
  const [inA, inB] = [a, b].map(({ layers = [] }) => new Set(layers.map(({ digest }) => digest)))
  const [layersA, layersB] = [a.layers ?? [], b.layers ?? []]
  const differ = differences(a, b)
  const [nameA, nameB] = [a, b].map(({ tag, digest }) => tag ?? digest)
  return (
    <>
      {a.digest === b.digest && <p class="hint">Both tags point at the same manifest.</p>}
      {a.digest !== b.digest && layersA.length + layersB.length === 0 && (
        <p class="hint">These are no images with layers: compare the images of their platforms.</p>
      )}
      {layersA.length + layersB.length > 0 && (
        <Section title="Layers" aside={`${bytes(sum(layersA))} and ${bytes(sum(layersB))}`}>
          <div class="compare-parts">
            <Layers
              title={`Only ${nameA}`}
              layers={layersA.filter(({ digest }) => !inB?.has(digest))}
            />
            <Layers title="Shared" layers={layersA.filter(({ digest }) => inB?.has(digest))} />
            <Layers
              title={`Only ${nameB}`}
              layers={layersB.filter(({ digest }) => !inA?.has(digest))}
            />
          </div>
        </Section>
      )}
      {differ.length > 0 && (
        <Section title="Differences" aside={plural(differ.length, 'difference')}>
          <div class="table-frame">
            <table class="differences">
              <caption class="hidden">Differences</caption>
              <Columns of={['What', nameA, nameB]} />
              <tbody>
                {differ.map(({ what, a: before, b: after }) => (
                  <tr key={what}>
                    <th scope="row">{what}</th>
                    <td class={before === undefined ? 'muted' : 'less'}>{before ?? 'none'}</td>
                    <td class={after === undefined ? 'muted' : 'more'}>{after ?? 'none'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Section>
      )}
    </>
  )
}

export const Compare = ({
  name,
  a,
  b,
}: {
  readonly name: string
  readonly a: string
  readonly b: string
}) => {
  const { state } = useSession()
  const load = async () => {
    const [first, second] = await Promise.all([getImage(name, a), getImage(name, b)])
    return { first, second }
  }
  const loading = useLoad(load, [name, a, b, state?.name])
  return (
    <>
      <Crumbs name={name}>compare</Crumbs>
      <Title>
        <a href={toImage(name, a)}>{a}</a> <span class="muted">and</span>{' '}
        <a href={toImage(name, b)}>{b}</a>
      </Title>
      <Loaded loading={loading}>{({ first, second }) => <Both a={first} b={second} />}</Loaded>
    </>
  )
}
