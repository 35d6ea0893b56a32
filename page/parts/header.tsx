/**
 * The head of the page: where it is, and who looks.
 *
 * @module
 */

import { forget, signOut } from '../api.ts'
import { go, toAdmin, toRepositories, toSignIn } from '../router.ts'
import { useSession } from '../session.ts'
import { announce } from './announce.tsx'
import { Logo } from './icons.tsx'

const SignedIn = ({ name }: { readonly name: string }) => {
  const { look } = useSession()
  const leave = async () => {
    await signOut().catch(() => announce('Signing out failed'))
    forget()
    await look()
    go(toRepositories())
  }
  return (
    <>
      <span class="who" title={name}>
        {name}
      </span>
      <button type="button" class="button quiet" onClick={() => void leave()}>
        Sign out
      </button>
    </>
  )
}

export const Header = () => {
  const { state } = useSession()
  const skip = () => document.getElementById('title')?.focus()
  return (
    <header class="head">
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <div class="head-inner">
        <a class="home" href={toRepositories()}>
          <Logo />
          <span>{location.host}</span>
        </a>
        <div class="head-end">
          {state !== undefined && state.administers !== 'nothing' && (
            <a class="button quiet" href={toAdmin()}>
              Administration
            </a>
          )}
          {state?.name != null && <SignedIn name={state.name} />}
          {state?.name === null && !state.open && (
            <a class="button quiet" href={toSignIn(location.hash)}>
              Sign in
            </a>
          )}
        </div>
      </div>
    </header>
  )
}
