/**
 * An image, an index, a chart or whatever else a manifest is.
 *
 * @module
 */

import { getImage } from '../api.ts'
import { bytes, plural, short } from '../format.ts'
import { useLoad } from '../load.ts'
import { Badge, Crumbs, Digest, Facts, Section, TextList, Title, When } from '../parts/small.tsx'
import { Loaded } from '../parts/states.tsx'
import { toImage } from '../router.ts'
import { useSession } from '../session.ts'
import type { Chart, Child, Image, ImageConfig } from '../shapes.ts'
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

const words = (list: readonly string[] | undefined): string | undefined =>
  list?.map((each) => (/^[\w@%+=:,./-]+$/.test(each) ? each : JSON.stringify(each))).join(' ')

const code = (text: string | undefined) => text && <code>{text}</code>

const Config = ({ config }: { readonly config: ImageConfig }) => (
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

const ChartView = ({ chart }: { readonly chart: Chart }) => (
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

const Children = ({
  name,
  children,
}: {
  readonly name: string
  readonly children: readonly Child[]
}) => {
  const platforms = children.filter(({ about }) => about === undefined)
  const others = children.filter(({ about }) => about !== undefined)
  const platformFor = (digest: string | undefined) =>
    platforms.find((each) => each.digest === digest)?.platform
  return (
    <Section title="Platforms" aside={plural(platforms.length, 'manifest')}>
      <ul class="rows">
        {platforms.map(({ digest, platform, mediaType, size }) => (
          <li key={digest}>
            <a class="row" href={toImage(name, digest)}>
              <span class="row-main">
                <span class="row-name">{platform ?? mediaType}</span>
              </span>
              <span class="row-facts">
                <code>{short(digest)}</code>
                <span>manifest of {bytes(size)}</span>
              </span>
            </a>
          </li>
        ))}
        {others.map(({ digest, about }) => (
          <li key={digest}>
            <a class="row" href={toImage(name, digest)}>
              <span class="row-main">
                <span class="row-name">
                  <Badge kind="attestation" /> of the build for{' '}
                  {platformFor(about) ?? short(about ?? '')}
                </span>
              </span>
              <span class="row-facts">
                <code>{short(digest)}</code>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </Section>
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
      <Title>
        <span class="muted">{name}</span>
        <span class="muted">{reference.includes(':') ? '@' : ':'}</span>
        {shown}
      </Title>
      <Loaded loading={loading}>{(image) => <All image={image} />}</Loaded>
    </>
  )
}
