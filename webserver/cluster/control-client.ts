import type { Ask, ControlReply } from '../config/process-setup'
import { AppError } from '../domain/errors'
import type { ControlQuestion, ControlQuestions, ServiceControl } from '../domain/service-control'
import { fromWireError } from '../domain/wire-error'

interface Pending {
  timer: NodeJS.Timeout
  resolve(answer: unknown): void
  reject(error: AppError): void
}

export interface ControlClientOptions {
  send(question: Ask): void
  /** Questions of this process that may wait at once. */
  pendingMax: number
  /** Longest wait for an answer; a model's load is the longest work that is asked for. */
  timeoutMs: number
}

/** Asks the primary over the channel that a child process has to its parent. */
export class ControlClient implements ServiceControl {
  private readonly pending = new Map<number, Pending>()
  private nextId = 1

  constructor(private readonly options: ControlClientOptions) {}

  ask<Q extends ControlQuestion>(
    question: Q,
    argument: ControlQuestions[Q]['argument'],
  ): Promise<ControlQuestions[Q]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.pending.size >= this.options.pendingMax)
        throw unavailable('too many questions wait for the primary')
      const id = this.nextId++
      const timer = setTimeout(() => this.expire(id), this.options.timeoutMs)
      const settle = resolve as (answer: unknown) => void
      this.pending.set(id, { timer, resolve: settle, reject })
      this.options.send({ type: 'ask', id, question, argument })
    })
  }

  onReply(reply: ControlReply): void {
    const pending = this.take(reply.id)
    if (pending === undefined) return
    if ('error' in reply) pending.reject(fromWireError(reply.error))
    else pending.resolve(reply.answer)
  }

  private expire(id: number): void {
    this.take(id)?.reject(unavailable('the primary did not answer in time'))
  }

  private take(id: number): Pending | undefined {
    const pending = this.pending.get(id)
    this.pending.delete(id)
    clearTimeout(pending?.timer)
    return pending
  }
}

function unavailable(why: string): AppError {
  return new AppError('unavailable', why, { retryAfterS: 1 })
}
