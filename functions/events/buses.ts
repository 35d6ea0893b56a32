/**
 * Receivers that are event buses of Amazon EventBridge: their URL is the ARN of one.
 *
 * @module
 */

const BUS = /^arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus\/[\w./-]{1,256}$/

/** Whether it is the ARN of something, and no address. */
export const isBus = (url: URL): boolean => url.protocol === 'arn:'

/** The Region in the ARN of a bus. */
export const regionOfBus = ({ href }: URL): string => href.split(':')[3] ?? ''

/** What is wrong with the ARN of a bus. */
export const busFault = ({ href }: URL): string | undefined =>
  BUS.test(href)
    ? undefined
    : 'expected the ARN of an event bus, as in arn:aws:events:eu-central-1:123456789012:event-bus/default'

/** What a bus has not: it is asked for with AWS credentials, and has a form of events of its own. */
const STRANGE = ['format', 'references', 'secret', 'authorization', 'private'] as const

/** The first field of a receiver that a bus has not. */
export const strangeOfBus = (
  given: Readonly<Partial<Record<(typeof STRANGE)[number], unknown>>>,
): (typeof STRANGE)[number] | undefined =>
  STRANGE.find((name) => given[name] !== undefined && given[name] !== false)
