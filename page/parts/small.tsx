/**
 * Small parts that several views have.
 *
 * @module
 */

import type { ComponentChildren } from 'preact'
import { ago, moment, short, until } from '../format.ts'
import { KINDS } from '../kinds.ts'
import { toImage, toRepositories, toRepository } from '../router.ts'
import type { Kind, Texts } from '../shapes.ts'
import { CopyButton } from './copy.tsx'

/** When something happened. */
export const When = ({ date }: { readonly date: string }) => (
  <time dateTime={date} title={moment(date)}>
    {ago(date)}
  </time>
)

/** When something ends. */
export const Until = ({ date }: { readonly date: string }) => (
  <time dateTime={date} title={moment(date)}>
    {until(date)}
  </time>
)

/** A kind as a coloured word. */
export const Badge = ({ kind }: { readonly kind: Kind }) => (
  <span class={`badge badge-${kind}`}>{KINDS[kind]}</span>
)

/** A digest in short, to be copied whole. @param name of the repository, for a link */
export const Digest = ({ digest, name }: { readonly digest: string; readonly name?: string }) => (
  <span class="digest">
    {name === undefined ? (
      <code title={digest}>{short(digest)}</code>
    ) : (
      <a href={toImage(name, digest)} title={digest}>
        <code>{short(digest)}</code>
      </a>
    )}
    <CopyButton text={digest} what={`digest ${short(digest)}`} />
  </span>
)

/** Where one is. */
export const Crumbs = ({
  name,
  children,
}: {
  readonly name: string
  readonly children?: ComponentChildren
}) => (
  <nav class="crumbs" aria-label="Where you are">
    <a href={toRepositories()}>Repositories</a>
    <span aria-hidden="true">/</span>
    {children === undefined ? (
      <span aria-current="page">{name}</span>
    ) : (
      <>
        <a href={toRepository(name)}>{name}</a>
        <span aria-hidden="true">/</span>
        <span aria-current="page">{children}</span>
      </>
    )}
  </nav>
)

/** The title of a view, which has the focus when it comes. */
export const Title = ({ children }: { readonly children: ComponentChildren }) => (
  <h1 id="title" tabIndex={-1}>
    {children}
  </h1>
)

/** A part of a view. */
export const Section = ({
  title,
  aside,
  children,
}: {
  readonly title: string
  readonly aside?: ComponentChildren
  readonly children: ComponentChildren
}) => (
  <section class="card">
    <header class="card-head">
      <h2>{title}</h2>
      {aside !== undefined && <span class="muted">{aside}</span>}
    </header>
    {children}
  </section>
)

/** Names and values. Those without a value are left out. */
export const Facts = ({
  facts,
}: {
  readonly facts: readonly (readonly [name: string, value: ComponentChildren])[]
}) => (
  <dl class="facts">
    {facts
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
)

/** Annotations and labels: whoever pushed them wrote them, so they are text and nothing else. */
export const TextList = ({ texts }: { readonly texts: Texts }) => (
  <dl class="texts">
    {Object.entries(texts).map(([key, value]) => (
      <div key={key}>
        <dt>{key}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)

/** What has failed, where something has; read out at once. */
export const Problem = ({ text }: { readonly text: string | undefined }) =>
  text === undefined ? null : (
    <p class="problem" role="alert">
      {text}
    </p>
  )
