/**
 * The page of a registry.
 *
 * @module
 */

import { render } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { getSession } from './api.ts'
import { Announcer } from './parts/announce.tsx'
import { Header } from './parts/header.tsx'
import { Title } from './parts/small.tsx'
import { Empty } from './parts/states.tsx'
import { parseRoute, type Route, useHash } from './router.ts'
import { SessionContext } from './session.ts'
import type { SessionState } from './shapes.ts'
import { Admin } from './views/admin/frame.tsx'
import { Compare } from './views/compare.tsx'
import { DeletedView } from './views/deleted.tsx'
import { ImageView } from './views/image.tsx'
import { Repositories } from './views/repositories.tsx'
import { RepositoryView } from './views/repository.tsx'
import { SignIn } from './views/sign-in.tsx'
import { GoingView } from './views/verdicts.tsx'

const View = ({ route }: { readonly route: Route }) => {
  switch (route.view) {
    case 'repositories':
      return <Repositories query={route.query} />
    case 'repository':
      return <RepositoryView key={route.name} name={route.name} query={route.query} />
    case 'image':
      return <ImageView name={route.name} reference={route.reference} />
    case 'compare':
      return <Compare name={route.name} a={route.query.a ?? ''} b={route.query.b ?? ''} />
    case 'admin':
      return <Admin tab={route.tab} />
    case 'deleted':
      return <DeletedView name={route.name} />
    case 'going':
      return <GoingView name={route.name} />
    case 'sign-in':
      return <SignIn to={route.query.to ?? ''} />
    default:
      return (
        <>
          <Title>{location.host}</Title>
          <Empty title="There is nothing here" />
        </>
      )
  }
}

/** What the window is called, by view. */
const titleOf = (route: Route): string => {
  if (route.view === 'repositories' || route.view === 'nowhere') return location.host
  if (route.view === 'admin') return `Administration · ${location.host}`
  if (route.view === 'sign-in') return `Sign in · ${location.host}`
  const end =
    route.view === 'image' ? `${route.reference.includes(':') ? '@' : ':'}${route.reference}` : ''
  const words = {
    compare: 'Compare ',
    deleted: 'Deleted in ',
    going: 'Rules on ',
    image: '',
    repository: '',
  }
  const what = words[route.view]
  return `${what}${route.name}${end} · ${location.host}`
}

/** The route without its query: a view that only shows other rows keeps the focus where it is. */
const placeOf = (hash: string): string => hash.split('?')[0] ?? ''

const App = () => {
  const hash = useHash()
  const route = parseRoute(hash)
  const place = placeOf(hash)
  const [state, setState] = useState<SessionState>()
  const first = useRef(true)
  const look = async () => setState(await getSession())
  // Without it, views say themselves what they cannot show.
  useEffect(() => void look().catch(() => {}), [])
  useEffect(() => {
    document.title = titleOf(route)
    if (first.current) {
      first.current = false
      return
    }
    scrollTo(0, 0)
    document.getElementById('title')?.focus({ preventScroll: true })
  }, [place])
  return (
    <SessionContext.Provider value={{ state, look }}>
      <Header />
      <main id="main">
        <View route={route} />
      </main>
      <Announcer />
    </SessionContext.Provider>
  )
}

const root = document.getElementById('root')
if (root) render(<App />, root)
