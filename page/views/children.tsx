/**
 * What an index has: images of platforms, and what is known of their builds.
 *
 * @module
 */

import { bytes, plural, short } from '../format.ts'
import { Badge, Section } from '../parts/small.tsx'
import { toImage } from '../router.ts'
import type { Child } from '../shapes.ts'

export const Children = ({
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
