/**
 * What refers to a manifest: signatures, SBOMs, attestations and the like.
 *
 * @module
 */

import { plural, short } from '../format.ts'
import { Badge, Section, When } from '../parts/small.tsx'
import { toImage } from '../router.ts'
import type { Image, Referrer } from '../shapes.ts'

const CREATED = 'org.opencontainers.image.created'

const Row = ({ name, referrer }: { readonly name: string; readonly referrer: Referrer }) => {
  const { digest, kind, artifactType, mediaType, annotations } = referrer
  const created = annotations?.[CREATED]
  return (
    <li>
      <a class="row" href={toImage(name, digest)}>
        <span class="row-main">
          <span class="row-name">
            <Badge kind={kind} /> <code>{short(digest)}</code>
          </span>
          <span class="row-about">{artifactType ?? mediaType}</span>
        </span>
        <span class="row-facts">{created !== undefined && <When date={created} />}</span>
      </a>
    </li>
  )
}

export const Referrers = ({ image }: { readonly image: Image }) => {
  const { referrers, moreReferrers, repository } = image
  if (referrers.length === 0) return null
  const signed = referrers.some(({ kind }) => kind === 'signature')
  const count = `${plural(referrers.length, 'referrer')}${moreReferrers ? ' and more' : ''}`
  return (
    <Section
      title="Referrers"
      aside={signed ? `${count}, signatures among them: not verified here` : count}
    >
      <ul class="rows">
        {referrers.map((each) => (
          <Row key={each.digest} name={repository} referrer={each} />
        ))}
      </ul>
    </Section>
  )
}
