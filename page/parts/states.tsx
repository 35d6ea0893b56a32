/**
 * What a view shows while there is nothing else to show.
 *
 * @module
 */

import type { ComponentChildren } from 'preact'
import type { ApiError } from '../api.ts'
import type { Loading } from '../load.ts'
import { toRepositories, toSignIn } from '../router.ts'
import { useSession } from '../session.ts'
import { Alert, Box, Cloud, Lock } from './icons.tsx'

/** A picture, a line, and more. */
export const Notice = ({
  icon,
  title,
  children,
}: {
  readonly icon: ComponentChildren
  readonly title: string
  readonly children?: ComponentChildren
}) => (
  <div class="notice">
    <div class="notice-icon">{icon}</div>
    <h2>{title}</h2>
    {children}
  </div>
)

export const Waiting = () => (
  <div class="waiting" role="status">
    <span class="hidden">Loading</span>
    {[0, 1, 2, 3, 4].map((each) => (
      <div key={each} class="bone" aria-hidden="true" />
    ))}
  </div>
)

/** There is nothing, or nobody may see it. */
export const Empty = ({
  title,
  children,
}: {
  readonly title: string
  readonly children?: ComponentChildren
}) => (
  <Notice icon={<Box />} title={title}>
    {children}
  </Notice>
)

const Refused = ({ message }: { readonly message: string }) => {
  const { state } = useSession()
  const signedIn = state?.name != null
  return (
    <Notice icon={<Lock />} title={signedIn ? 'You may not see this' : 'Sign in to see this'}>
      <p>{message}</p>
      {!signedIn && (
        <a class="button primary" href={toSignIn(location.hash)}>
          Sign in
        </a>
      )}
    </Notice>
  )
}

/** Why there is nothing, and what to do about it. */
export const Failure = ({
  error,
  again,
}: {
  readonly error: ApiError
  readonly again: () => void
}) => {
  const retry = (
    <button type="button" class="button" onClick={again}>
      Try again
    </button>
  )
  if (error.status === 401 || error.status === 403) return <Refused message={error.message} />
  if (error.status === 404) {
    return (
      <Notice icon={<Box />} title="Not found">
        <p>{error.message}</p>
        <a class="button" href={toRepositories()}>
          All repositories
        </a>
      </Notice>
    )
  }
  if (error.status === 0) {
    return (
      <Notice icon={<Cloud />} title="The registry cannot be reached">
        <p>Is this machine online? Nothing was lost.</p>
        {retry}
      </Notice>
    )
  }
  return (
    <Notice icon={<Alert />} title="That did not work">
      <p>{error.message}</p>
      {error.requestId !== undefined && (
        <p class="muted">
          The registry's log has more: request <code>{error.requestId}</code>
        </p>
      )}
      {retry}
    </Notice>
  )
}

/** What was loaded, or why it was not. */
export const Loaded = <T,>({
  loading: [loading, again],
  children,
}: {
  readonly loading: readonly [Loading<T>, () => void]
  readonly children: (value: T) => ComponentChildren
}) => {
  if (loading.state === 'waiting') return <Waiting />
  if (loading.state === 'failed') return <Failure error={loading.error} again={again} />
  return <>{children(loading.value)}</>
}
