/**
 * Signing in, with an account of the registry or at an issuer.
 *
 * @module
 */

import { useState } from 'preact/hooks'
import { ApiError, forget, signIn } from '../api.ts'
import { Logo } from '../parts/icons.tsx'
import { Problem, Title } from '../parts/small.tsx'
import { Empty, Waiting } from '../parts/states.tsx'
import { go, toRepositories } from '../router.ts'
import { useSession } from '../session.ts'

/** Where to go afterwards: a place of this page, and no other. */
const placeAfter = (to: string): string =>
  to.startsWith('#/') && !to.startsWith('#/sign-in') ? to : toRepositories()

/** Characters that the registry takes in a path; others are escaped by `encodeURI` already. */
const returnTo = (to: string): string =>
  `/auth/login?return_to=${encodeURIComponent(`/${placeAfter(to)}`)}`

const Form = ({ to }: { readonly to: string }) => {
  const { look } = useSession()
  const [problem, setProblem] = useState<string>()
  const [busy, setBusy] = useState(false)
  const submit = async (form: HTMLFormElement): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    const data = new FormData(form)
    try {
      await signIn(String(data.get('name')), String(data.get('password')))
      forget()
      await look()
      go(placeAfter(to))
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : 'That did not work.')
    } finally {
      setBusy(false)
    }
  }
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault()
        void submit(event.currentTarget)
      }}
    >
      <label>
        Name
        <input
          name="name"
          required
          autoComplete="username"
          autoCapitalize="none"
          spellcheck={false}
        />
      </label>
      <label>
        Password
        <input name="password" type="password" required autoComplete="current-password" />
      </label>
      <Problem text={problem} />
      <button type="submit" class="button primary" disabled={busy}>
        {busy ? 'Signing in…' : 'Sign in'}
      </button>
    </form>
  )
}

export const SignIn = ({ to }: { readonly to: string }) => {
  const { state } = useSession()
  if (state === undefined) return <Waiting />
  if (state.open) {
    return (
      <>
        <Title>Sign in</Title>
        <Empty title="This registry is open to everyone: there is nobody to sign in" />
      </>
    )
  }
  return (
    <div class="sign-in card">
      <Logo />
      <Title>Sign in</Title>
      <p class="muted">{location.host}</p>
      {!state.secure && (
        <p class="problem">
          This connection is not encrypted, so that nobody can sign in: use the registry's https
          address.
        </p>
      )}
      {state.secure && state.people && (
        <a class="button wide" href={returnTo(to)}>
          Sign in with single sign-on
        </a>
      )}
      {state.secure && state.people && <p class="or muted">or with an account of the registry</p>}
      {state.secure && <Form to={to} />}
    </div>
  )
}
