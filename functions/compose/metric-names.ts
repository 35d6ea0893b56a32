/**
 * What CloudWatch counts of the lines of requests, for the functions that write them and the stack that shows it.
 *
 * @module
 */

/** The dimension that all metrics have: the format may not go without one. */
export const SERVICE = 'slipway'

/** What is counted of all requests together. Each is a metric that is paid for. */
export const COUNTED = [
  { Name: 'serverErrors', Unit: 'Count' },
  { Name: 'throttled', Unit: 'Count' },
  { Name: 'storeCalls', Unit: 'Count' },
  { Name: 'storeFailures', Unit: 'Count' },
  { Name: 'received', Unit: 'Bytes' },
  { Name: 'sent', Unit: 'Bytes' },
] as const

/** What is counted of pulls from upstreams, where there were any. */
export const THROUGH = [
  { Name: 'upstreamHits', Unit: 'Count' },
  { Name: 'upstreamMisses', Unit: 'Count' },
  { Name: 'upstreamStale', Unit: 'Count' },
  { Name: 'upstreamFailures', Unit: 'Count' },
  { Name: 'upstreamErrors', Unit: 'Count' },
  { Name: 'upstreamSaved', Unit: 'Bytes' },
  { Name: 'upstreamRemaining', Unit: 'Count' },
] as const

/** The name of one of them. */
export type Through = (typeof THROUGH)[number]['Name']

/** What is measured by what a request is for; how many there were is part of it. */
export const TIMED = { Name: 'milliseconds', Unit: 'Milliseconds' } as const
