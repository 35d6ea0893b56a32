/**
 * How documents, settings and states are checked: zod in its small form, which a cold start reads in half the
 * time, with its messages in English. All schemas come through here.
 *
 * @module
 */

import { en } from 'zod/locales'
import * as z from 'zod/mini'

z.config(en())

export * from 'zod/mini'

/**
 * A schema whose output is made of another's.
 *
 * @param convert makes it; what `refuse` returns is for the caller to return, and the value is refused
 */
export const converted = <A extends z.ZodMiniType, T>(
  schema: A,
  convert: (value: z.output<A>, refuse: (why: string) => never) => T,
): z.ZodMiniType<T, z.input<A>> =>
  z.pipe(
    schema,
    z.transform((value: z.output<A>, { issues }) =>
      convert(value, (message) => {
        issues.push({ code: 'custom', input: value, message })
        return z.NEVER
      }),
    ),
  )

/** Text without a fault. @param fault says what is wrong with one */
export const faultless = (fault: (text: string) => string | undefined): z.ZodMiniString<string> =>
  z.string().check(
    z.superRefine((text, context) => {
      const wrong = fault(text)
      if (wrong !== undefined) context.addIssue(wrong)
    }),
  )
