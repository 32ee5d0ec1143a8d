import type { Ask, ControlReply } from '../config/process-setup'
import { isAppError } from '../domain/errors'
import type { ControlQuestion, ControlQuestions } from '../domain/service-control'
import { toWireError } from '../domain/wire-error'
import type { Logger } from '../platform/logger'

/** Who answers which question. */
export type ControlAnswers = {
  [Q in ControlQuestion]: (
    argument: ControlQuestions[Q]['argument'],
  ) => Promise<ControlQuestions[Q]['answer']> | ControlQuestions[Q]['answer']
}

/** Answers what the workers ask of the primary. */
export class ControlServer {
  constructor(
    private readonly answers: ControlAnswers,
    private readonly log: Logger,
  ) {}

  async reply({ id, question, argument }: Ask): Promise<ControlReply> {
    try {
      const answerTo = this.answers[question] as (argument: unknown) => unknown
      return { type: 'reply', id, answer: await answerTo(argument) }
    } catch (error) {
      if (!isAppError(error)) this.log.error({ err: error, question }, 'a question failed')
      return { type: 'reply', id, error: toWireError(error) }
    }
  }
}
