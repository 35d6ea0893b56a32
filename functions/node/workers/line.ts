/**
 * Questions and answers between two processes, over a channel that carries JSON.
 *
 * @module
 */

/** What is sent: a question, its answer, or why there is none. */
type Message =
  | { readonly ask: number; readonly question: unknown }
  | { readonly answer: number; readonly value?: unknown }
  | { readonly answer: number; readonly error: string }

/** One end. */
export interface Line<Question> {
  /**
   * Asks the other end. What it is told needs an answer, too: then it has been heard.
   *
   * @throws Error when the other end could not answer, or has ended
   */
  ask(question: Question): Promise<unknown>
  /** Takes what has come; what is not of a line is ignored. */
  hear(message: unknown): void
  /** Ends it: nothing is answered any more. */
  close(): void
}

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && ('ask' in value || 'answer' in value)

/**
 * Begins one end.
 *
 * @param send sends a message; whether it lands is told by the answer
 * @param answer answers the other end
 */
export const createLine = <Mine, Other>(
  send: (message: Message) => void,
  answer: (question: Other) => Promise<unknown> | unknown,
): Line<Mine> => {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let next = 0
  let open = true

  const reply = async (id: number, question: Other): Promise<void> => {
    try {
      send({ answer: id, value: await answer(question) })
    } catch (error) {
      send({ answer: id, error: error instanceof Error ? error.message : String(error) })
    }
  }

  return {
    ask(question) {
      if (!open) return Promise.reject(new Error('the other process has ended'))
      const asked = Promise.withResolvers<unknown>()
      const id = next++
      waiting.set(id, asked)
      send({ ask: id, question })
      return asked.promise
    },
    hear(message) {
      if (!isMessage(message)) return
      if ('ask' in message) return void reply(message.ask, message.question as Other)
      const asked = waiting.get(message.answer)
      waiting.delete(message.answer)
      if ('error' in message) asked?.reject(new Error(message.error))
      else asked?.resolve(message.value)
    },
    close() {
      open = false
      for (const { reject } of waiting.values()) reject(new Error('the other process has ended'))
      waiting.clear()
    },
  }
}
