/**
 * An image, an index, a chart or whatever else a manifest is.
 *
 * @module
 */

import { getImage } from '../api.ts'
import { bytes, short } from '../format.ts'
import { useLoad } from '../load.ts'
import { Badge, Crumbs, Digest, Facts, Section, TextList, Title, When } from '../parts/small.tsx'
import { Loaded } from '../parts/states.tsx'
import { go, toImage, toRepository } from '../router.ts'
import { useSession } from '../session.ts'
import type { Image, ImageConfig } from '../shapes.ts'
import { Children } from './children.tsx'
import { ChartView, Config } from './config.tsx'
import { Delete } from './delete.tsx'
import { History, Layers } from './layers.tsx'
import { Pull } from './pull.tsx'
import { Referrers } from './referrers.tsx'

const platformOf = ({ os, architecture, variant }: ImageConfig): string =>
  [os, architecture, variant].filter((part) => part !== undefined).join('/')

/** Media types of manifests that have a name. */
const FORMATS: readonly (readonly [RegExp, string])[] = [
  [/^application\/vnd\.oci\.image\.(?:manifest|index)/, 'OCI'],
  [/^application\/vnd\.docker\.distribution\.manifest\.(?:v2|list)/, 'Docker, schema 2'],
  [/^application\/vnd\.docker\.distribution\.manifest\.v1/, 'Docker, schema 1'],
]

/** Of an image, who has specified it; of anything else, what it says to be. */
const formatOf = ({ kind, mediaType, artifactType }: Image) => {
  const [, name] = FORMATS.find(([pattern]) => pattern.test(mediaType)) ?? []
  if (name !== undefined && ['image', 'index'].includes(kind)) return name
  return <code>{artifactType ?? mediaType}</code>
}

const Head = ({ image }: { readonly image: Image }) => {
  const { config, created, size, manifestSize } = { ...image, ...image.image }
  return (
    <section class="card">
      <Facts
        facts={[
          ['Kind', <Badge key="kind" kind={image.kind} />],
          ['Platform', image.image && platformOf(image.image)],
          ['Size', size === undefined ? undefined : bytes(size)],
          ['Made', created && <When date={created} />],
          ['Digest', <Digest key="digest" digest={image.digest} />],
          ['Configuration', config && <Digest key="config" digest={config.digest} />],
          ['Format', formatOf(image)],
          ['Manifest', bytes(manifestSize)],
          ['Tag', image.immutable === true ? 'immutable: a rule keeps it where it is' : undefined],
          [
            'Refers to',
            image.subject && (
              <a key="subject" href={toImage(image.repository, image.subject)}>
                <code>{short(image.subject)}</code>
              </a>
            ),
          ],
        ]}
      />
    </section>
  )
}

const All = ({ image }: { readonly image: Image }) => {
  const { annotations, children, chart, image: config } = image
  return (
    <>
      <Pull key={image.kind} image={image} />
      <Head image={image} />
      {children !== undefined && <Children name={image.repository}>{children}</Children>}
      {chart !== undefined && <ChartView chart={chart} />}
      <Referrers image={image} />
      <Layers image={image} />
      {config !== undefined && <Config config={config} />}
      {annotations !== undefined && Object.keys(annotations).length > 0 && (
        <Section title="Annotations">
          <TextList texts={annotations} />
        </Section>
      )}
      {config !== undefined && <History steps={config.history} />}
    </>
  )
}

export const ImageView = ({
  name,
  reference,
}: {
  readonly name: string
  readonly reference: string
}) => {
  const { state } = useSession()
  const loading = useLoad(() => getImage(name, reference), [name, reference, state?.name])
  const shown = reference.includes(':') ? short(reference) : reference
  return (
    <>
      <Crumbs name={name}>{shown}</Crumbs>
      <div class="bar">
        <Title>
          <span class="muted">{name}</span>
          <span class="muted">{reference.includes(':') ? '@' : ':'}</span>
          {shown}
        </Title>
        {loading[0].state === 'there' && (
          <span class="actions">
            <Delete
              name={name}
              reference={reference}
              rights={loading[0].value.rights}
              done={() => go(toRepository(name))}
            />
          </span>
        )}
      </div>
      <Loaded loading={loading}>{(image) => <All image={image} />}</Loaded>
    </>
  )
}
