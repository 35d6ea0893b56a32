/**
 * Spans for who makes a request and what it may do: passwords, tokens, and the documents that decide.
 *
 * @module
 */

import { type Span, SpanKind } from '@opentelemetry/api'
import type { Authorizer, Caller } from '../auth/authorizer.ts'
import { AccessError } from '../auth/errors.ts'
import type { TokenIssuing } from '../auth/token-service.ts'
import { fail, type Spans, type Work } from './spans.ts'

export interface Access {
  readonly authorizer: Authorizer
  readonly issuing?: TokenIssuing
}

const AUTHORIZE: Work = { name: 'authorize', kind: SpanKind.INTERNAL, attributes: {} }

/** A refusal is what access control is for; that it cannot decide is a failure. */
const noteError = (span: Span, error: unknown): void => {
  if (!(error instanceof AccessError)) fail(span, error instanceof Error ? error.name : 'Error')
  else if (error.code === 'UNAVAILABLE') fail(span, error.code)
  else span.setAttribute('slipway.refused', error.code)
}

/** How the caller is known, but not its name: that is in the log. */
const noteCaller = (span: Span, { identity: { kind }, via }: Caller): void => {
  span.setAttributes({ 'slipway.caller.kind': kind, 'slipway.caller.via': via })
}

/** The same access control. */
export const followAccess = <A extends Access>(access: A, spans: Spans): A => {
  const { authorizer, issuing } = access
  const around = <T>(
    run: () => Promise<T>,
    done: (span: Span, result: T) => void = () => {},
  ): Promise<T> =>
    spans.around(AUTHORIZE, run, (span, result, error) => {
      if (error === undefined) done(span, result as T)
      else noteError(span, error)
    })
  return {
    ...access,
    authorizer: {
      ...authorizer,
      identify: (credentials) => around(() => authorizer.identify(credentials), noteCaller),
      lapsed: (...asked) => around(() => authorizer.lapsed(...asked)),
    } satisfies Authorizer,
    ...(issuing && {
      issuing: {
        ...issuing,
        tokens: { grant: (request) => around(() => issuing.tokens.grant(request)) },
      } satisfies TokenIssuing,
    }),
  }
}
