/**
 * Lambda's side of the gateway: a handler that is invoked with events of limited size.
 *
 * @module
 */

import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import type { ApiHandler } from '../../../functions/handlers/api.ts'

/** Bytes of an event as JSON, and of a result. AWS gives the result 100 more. */
export const MAX_EVENT = 6 * 1024 * 1024
export const MAX_RESULT = MAX_EVENT + 100

/** Invokes a function. @throws EventTooLarge, FunctionError */
export type Invoke = (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>

/** Lambda took the event from nobody: RequestEntityTooLargeException. */
export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge'
}

/** The function gave no result: it threw, ended, ran out of time, or its result is too large. */
export class FunctionError extends Error {
  override readonly name = 'FunctionError'
}

/** An event as it is sent. @throws EventTooLarge */
export const eventJson = (event: APIGatewayProxyEventV2): string => {
  const json = JSON.stringify(event)
  const size = Buffer.byteLength(json)
  if (size > MAX_EVENT) throw new EventTooLarge(`an event of ${size} bytes`)
  return json
}

/** A result as it is sent. @throws FunctionError when it is too large */
export const resultJson = (result: APIGatewayProxyStructuredResultV2): string => {
  const json = JSON.stringify(result)
  const size = Buffer.byteLength(json)
  if (size > MAX_RESULT) throw new FunctionError(`a result of ${size} bytes`)
  return json
}

/** A handler in this process, as Lambda would invoke it. */
export const lambdaOf =
  (handler: ApiHandler): Invoke =>
  async (event) => {
    const json = eventJson(event)
    const result = await handler(JSON.parse(json), {} as Context).catch((cause) => {
      throw new FunctionError(`the function threw ${cause}`, { cause })
    })
    return JSON.parse(resultJson(result))
  }
