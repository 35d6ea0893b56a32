/**
 * Has a function of AWS Lambda called, and does not wait for what it does. Whoever asks may `lambda:InvokeFunction`.
 *
 * @module
 */

import { type CallOptions, callAws } from './call.ts'

/** The Region and the name in the ARN of a function. */
const partsOf = (arn: string): { readonly region: string; readonly name: string } => {
  const [, , , region = '', , , name = ''] = arn.split(':')
  return { region, name }
}

/**
 * Hands an event to Lambda, which keeps it until the function is called: "Asynchronous invocation".
 *
 * @param arn of the function
 * @throws Error when Lambda does not take it
 */
export const invokeLater = async (
  arn: string,
  event: object,
  options: CallOptions = {},
): Promise<void> => {
  const { region, name } = partsOf(arn)
  const response = await callAws(
    {
      service: 'lambda',
      region,
      path: `/2015-03-31/functions/${name}/invocations`,
      headers: { 'content-type': 'application/json', 'x-amz-invocation-type': 'Event' },
      body: JSON.stringify(event),
    },
    options,
  )
  await response.body?.cancel()
}
