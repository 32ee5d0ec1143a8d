import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Perf, RequestTiming } from '../../../perf/timing'
import { AppError } from '../../domain/errors'
import type { FailureReason } from '../../metrics/block-kinds'
import type { Logger } from '../../platform/logger'
import { sharedMemoryIsOff } from '../shared-memory'
import type { Account, Accounts } from './account'
import { requireSendable } from './answer-limit'
import type { OutputValues } from './answer-tensor'
import {
  acceptedCodings,
  type ContentCoding,
  codingOf,
  compressAnswer,
  preferredCoding,
} from './content-coding'
import type { Values } from './datatypes'
import type { InferDecoder } from './decode-infer'
import type { EncodedInfer } from './encode-infer'
import { decodeRequest, encodeReply } from './infer-form'
import type { InferPlan } from './infer-plan'
import { headerTimeoutMs } from './client-timeout'
import { InferJob } from './infer-job'
import type { ModelQueue } from './model-queue'
import { type RunTimes, reasonOf } from './model-statistics'
import { sendError, sendInfer } from './reply'
import { type BodyBudget, type BodyListener, RequestBody } from './request-body'
import { cacheKeyOf, type ResponseCache } from './response-cache'
import type { Scheduler } from './scheduler'
import type { SharedMemory } from './shared-memory'
import { descriptorOf, type Watchdog } from './watchdog'

/** Where an infer request may go. */
export interface InferTarget {
  queue: ModelQueue
  decoder: InferDecoder
}

export interface ExchangeParts {
  scheduler: Scheduler
  accounts: Accounts
  cache: ResponseCache
  budget: BodyBudget
  watchdog: Watchdog
  perf: Perf
  log: Logger
  deadlineMs: number
  answerBytesMax: number
  /** Null when requests may not name any. */
  memory: SharedMemory | null
}

const accountLengthMax = 64

/** One infer request from its headers to its answer: body, queue, run, reply, and its line in the perf log. */
export class InferExchange extends InferJob implements BodyListener {
  readonly account: Account
  plan!: InferPlan
  values!: readonly Values[]
  answersNpy = false
  sizeBytes = 0
  /** Counted from the whole request: how fast a client sends is not the model's doing. */
  deadlineAtMs = Infinity
  /** When the whole request was here; 0 before. */
  private completeAtMs = 0
  private readonly timing: RequestTiming
  private readonly fd: number
  private body: RequestBody | null = null
  private stageStartedAt: number
  private queueLength = 0
  private isDone = false
  /** How long the client waits from the whole request on, by its headers. */
  private clientTimeoutMs = Infinity
  /** Where its answer would be kept, and what looking for it has taken; '' without a cache. */
  private cacheKey = ''
  private cacheMs = 0

  constructor(
    private readonly parts: ExchangeParts,
    private readonly target: InferTarget,
    private readonly req: IncomingMessage,
    private readonly res: ServerResponse,
  ) {
    super()
    const account = headerOf(req, 'x-gristmill-account') ?? ''
    this.account = parts.accounts.enter(account.slice(0, accountLengthMax))
    this.timing = parts.perf.begin(headerOf(req, 'x-request-id'))
    this.stageStartedAt = this.timing.startedAt
    this.fd = descriptorOf(req.socket)
    res.on('close', () => this.onClose())
  }

  start(): void {
    const { cache, scheduler, budget, deadlineMs } = this.parts
    const { queue } = this.target
    try {
      this.clientTimeoutMs = headerTimeoutMs(this.req.headers)
      const waitMaxMs = Math.min(deadlineMs, queue.queueTimeoutMs, this.clientTimeoutMs)
      // An answer from the cache does not wait for anything.
      if (!cache.serves(queue.model)) scheduler.admit(queue, this.account, waitMaxMs)
      const encoding = this.req.headers['content-encoding']
      const coding = encoding === undefined ? null : this.requireCoding(encoding)
      this.body = new RequestBody(this.req, { budget, holder: this.account, coding })
      this.body.read(this)
    } catch (error) {
      this.refuse(error)
    }
  }

  private requireCoding(encoding: string): ContentCoding | null {
    try {
      return codingOf(encoding)
    } catch (error) {
      this.res.setHeader('Accept-Encoding', acceptedCodings)
      throw error
    }
  }

  onBody(body: Buffer): void {
    this.endStage('read')
    this.completeAtMs = performance.now()
    this.deadlineAtMs = this.completeAtMs + this.parts.deadlineMs
    try {
      const request = decodeRequest(this.req, body, this.target.decoder)
      this.plan = request.plan
      this.values = request.values
      this.answersNpy = request.answersNpy
      this.sizeBytes = body.length + this.plan.regionBytes
      if (this.plan.usesRegions) this.readRegions()
      this.endStage('parse')
      this.queueLength = this.target.queue.length
      if (!this.answerFromCache()) this.submit()
    } catch (error) {
      this.refuse(error)
    }
  }

  private submit(): void {
    const { timeoutUs } = this.plan
    const ownMs = timeoutUs === 0 ? Infinity : timeoutUs / 1000
    const timeoutAtMs = this.completeAtMs + Math.min(ownMs, this.clientTimeoutMs)
    this.parts.scheduler.submit(this.target.queue, this, timeoutAtMs)
  }

  private answerFromCache(): boolean {
    const { cache } = this.parts
    const { model, statistics } = this.target.queue
    if (!cache.serves(model)) return false
    const startedAtMs = performance.now()
    this.cacheKey = cacheKeyOf(model, this.plan, this.values)
    const outputs = cache.get(this.cacheKey)
    this.cacheMs = performance.now() - startedAtMs
    if (outputs === undefined) return false
    this.body?.recycle()
    this.res.setHeader('Cache-Status', 'gristmill; hit')
    this.answer(outputs, 0, () => statistics.cacheHit(this.completeAtMs, this.cacheMs))
    return true
  }

  private keepInCache(outputs: readonly OutputValues[]): void {
    if (this.cacheKey === '') return
    const startedAtMs = performance.now()
    const isStored = this.parts.cache.put(this.cacheKey, outputs)
    this.res.setHeader('Cache-Status', `gristmill; fwd=miss${isStored ? '; stored' : ''}`)
    const spentMs = this.cacheMs + performance.now() - startedAtMs
    this.target.queue.statistics.cacheMiss(spentMs)
  }

  private readRegions(): void {
    const { memory } = this.parts
    if (memory === null) throw sharedMemoryIsOff()
    this.body!.takeMore(this.plan.regionBytes)
    this.values = memory.valuesOf(this.plan, this.values, this.target.queue.model)
  }

  onBodyError(error: AppError): void {
    this.refuse(error)
  }

  begin(): void {
    this.endStage('batch_wait')
    // The descriptor of a client that has left may belong to another one by now.
    if (!this.isDone) this.parts.watchdog.mark(this.fd, 'running')
  }

  end(): void {
    this.endStage('infer')
  }

  succeed(outputs: readonly OutputValues[], batchItems: number, times: RunTimes): void {
    this.body?.recycle()
    if (this.isDone) return
    this.stageStartedAt = this.timing.now()
    try {
      requireSendable(this.plan, outputs, this.parts.answerBytesMax)
      this.keepInCache(outputs)
      const { statistics } = this.target.queue
      const items = Math.max(this.plan.items, 1)
      this.answer(outputs, batchItems, () =>
        statistics.requestSucceeded(this.completeAtMs, times, items),
      )
    } catch (error) {
      this.refuse(error)
    }
  }

  private answer(outputs: readonly OutputValues[], batchItems: number, count: () => void): void {
    const values = { inputs: this.values, results: outputs }
    const { memory } = this.parts
    const encoded = encodeReply(this, this.target.queue.model, { values, memory })
    const accepted = this.req.headers['accept-encoding']
    const coding = accepted === undefined ? null : preferredCoding(accepted)
    if (coding === null) this.send(encoded, batchItems, count)
    else {
      // Until its answer is on its way, a run that takes the engine with it may answer it.
      this.parts.watchdog.mark(this.fd, 'waiting')
      compressAnswer(encoded, coding, (packed) => {
        this.send(packed, batchItems, count)
      })
    }
  }

  private send(encoded: EncodedInfer, batchItems: number, count: () => void): void {
    if (this.isDone) return
    this.parts.watchdog.mark(this.fd, 'answering')
    sendInfer(this.res, encoded, this.timing.requestId)
    this.endStage('write')
    count()
    this.finish({ s: 200, b: batchItems, bo: encoded.sizeBytes })
  }

  fail(error: AppError, batchItems: number): void {
    this.body?.recycle()
    if (this.isDone) return
    this.parts.watchdog.mark(this.fd, 'answering')
    this.countFailure(reasonOf(error.code))
    this.res.setHeader('X-Request-Id', this.timing.requestId)
    this.finish({ s: sendError(this.res, error), e: error.code, b: batchItems })
  }

  /** Also called after a complete answer; only the first end counts. */
  private onClose(): void {
    if (!this.req.socket.destroyed) this.parts.watchdog.mark(this.fd, 'waiting')
    if (this.isDone) return
    this.body?.abandon()
    this.parts.scheduler.cancel(this)
    this.countFailure('CANCELED')
    this.finish({ s: 499, b: 0 })
  }

  private refuse(error: unknown): void {
    if (error instanceof AppError) {
      this.fail(error, 0)
      return
    }
    this.parts.log.error({ err: error }, 'an infer request failed unexpectedly')
    this.fail(new AppError('internal', 'internal error'), 0)
  }

  private countFailure(reason: FailureReason): void {
    const durationMs = this.completeAtMs === 0 ? 0 : performance.now() - this.completeAtMs
    this.target.queue.statistics.requestFailed(reason, durationMs)
  }

  private endStage(stage: 'read' | 'parse' | 'batch_wait' | 'infer' | 'write'): void {
    this.stageStartedAt = this.timing.end(stage, this.stageStartedAt)
  }

  private finish({ s, e, b, bo = 0 }: { s: number; e?: string; b: number; bo?: number }): void {
    this.isDone = true
    const bi = this.body?.takenBytes ?? 0
    this.parts.budget.release(bi, this.account)
    this.parts.accounts.leave(this.account)
    this.timing.finish('infer', {
      rt: 'POST /v2/models/:model/infer',
      s,
      e,
      bi,
      bo,
      m: this.target.queue.model.name,
      b,
      q: this.queueLength,
      u: this.account.name || undefined,
    })
  }
}

function headerOf(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name]
  return typeof value === 'string' ? value : undefined
}
