import type { ChildProcess } from 'node:child_process'
import type { Config } from '../../config/schema'
import type { Logger } from '../../platform/logger'
import type { PlannedModel, TuningTable } from '../model-plan'
import { checkKey, machineKey } from './check-key'
import { CheckStore, type StoredResult } from './check-store'
import { CheckerProcess, type CheckOutcome } from './checker-process'
import { bestItemsOf } from './measure'

export interface ModelCheckerOptions {
  config: Pick<Config, 'inference' | 'cluster'>
  /** The file that keeps what was found out. */
  storePath: string
  log: Logger
  /** Starts a process of the role `checker`, with no more of the processor than this. */
  start(cpuSecondsMax: number): ChildProcess
}

/** Whether a model is checked although its result is known: not, if it was refused for time or a death, or in any case. */
export type CheckAgain = (model: PlannedModel) => 'nothing' | 'refused' | 'all'

/**
 * For when somebody asks for this model: what failed for want of time or memory may succeed now.
 * @param measure whether it is to be measured in any case.
 */
export function againFor(name: string, measure: boolean): CheckAgain {
  const again = measure ? 'all' : 'refused'
  return (model) => (model.name === name ? again : 'nothing')
}

export interface CheckOptions {
  again?: CheckAgain | undefined
  /** Aborted when nobody waits for the result any more. */
  signal?: AbortSignal
}

type KnownResult = StoredResult | Extract<CheckOutcome, { refusal: string }>

/**
 * Has model files looked at, loaded and measured in a process of their own before an engine sees them. What is known of
 * a file is not found out twice.
 */
export class ModelChecker {
  private turn: Promise<unknown> = Promise.resolve()
  private readonly machine = machineKey()
  /** By key: refusals for which the machine may be to blame. They hold until the service ends or is asked again. */
  private readonly passing = new Map<string, KnownResult>()

  constructor(private readonly options: ModelCheckerOptions) {}

  /**
   * One call at a time; others wait.
   * @returns the plan, with what was found out about each version that is to be loaded and had not been refused before.
   * @throws {Error} when the checker cannot be started; what the signal says when it is aborted.
   */
  check(plan: readonly PlannedModel[], options: CheckOptions = {}): Promise<PlannedModel[]> {
    const result = this.turn.then(() => this.checkAll(plan, options))
    this.turn = result.catch(() => undefined)
    return result
  }

  private async checkAll(
    plan: readonly PlannedModel[],
    { again = () => 'nothing', signal }: CheckOptions,
  ): Promise<PlannedModel[]> {
    const store = await CheckStore.open(this.options.storePath)
    const results = new Map<PlannedModel, KnownResult>()
    const unknown: PlannedModel[] = []
    for (const model of plan.filter(({ refusal, load }) => refusal === null && load !== 'never')) {
      const result = this.known(model, store, again(model))
      if (result === null) unknown.push(model)
      else results.set(model, result)
    }
    for (const [model, outcome] of await this.findOut(unknown, store, signal))
      results.set(model, outcome)
    return plan.map((model) => this.completed(model, results.get(model)))
  }

  private known(model: PlannedModel, store: CheckStore, again: ReturnType<CheckAgain>) {
    const key = this.keyOf(model)
    if (again !== 'nothing') this.passing.delete(key)
    if (again === 'all') return null
    return this.passing.get(key) ?? store.find(model.path, key)
  }

  private keyOf(model: PlannedModel): string {
    return checkKey(model, this.machine, this.options.config.inference)
  }

  /** The next process goes on where a model has ended the last one. */
  private async findOut(
    models: readonly PlannedModel[],
    store: CheckStore,
    signal: AbortSignal | undefined,
  ): Promise<Map<PlannedModel, KnownResult>> {
    const results = new Map<PlannedModel, KnownResult>()
    let checker: CheckerProcess | null = null
    const stop = () => checker?.kill()
    signal?.addEventListener('abort', stop)
    try {
      for (const [index, model] of models.entries()) {
        signal?.throwIfAborted()
        const { name, version } = model
        this.options.log.info(
          { model: name, version },
          `checking model ${index + 1} of ${models.length}`,
        )
        if (checker === null || checker.isGone) checker = await this.startChecker(models.length)
        const outcome = await checker.check(model)
        signal?.throwIfAborted()
        results.set(model, await this.keep(model, outcome, store))
      }
    } finally {
      signal?.removeEventListener('abort', stop)
      checker?.kill()
    }
    return results
  }

  private startChecker(models: number): Promise<CheckerProcess> {
    const { inference, cluster } = this.options.config
    const { loadTimeoutMs, tuningMs, threadsPerEngine } = inference
    const measureTimeoutMs = tuningMs + loadTimeoutMs
    // Only matters when nobody is left to end a process that hangs.
    const cpuMs = cluster.startTimeoutMs + models * (loadTimeoutMs + measureTimeoutMs)
    const child = this.options.start(Math.ceil((cpuMs * threadsPerEngine) / 1000))
    const limits = { startTimeoutMs: cluster.startTimeoutMs, loadTimeoutMs, measureTimeoutMs }
    return CheckerProcess.start(child, limits)
  }

  private async keep(
    model: PlannedModel,
    outcome: CheckOutcome,
    store: CheckStore,
  ): Promise<KnownResult> {
    const key = this.keyOf(model)
    if ('refusal' in outcome) {
      const { name: of, version } = model
      this.options.log.warn({ model: of, version, reason: outcome.refusal }, 'a model is refused')
      if (!outcome.lasting) {
        this.passing.set(key, outcome)
        return outcome
      }
    }
    const result =
      'refusal' in outcome
        ? { refusal: outcome.refusal }
        : { ...outcome, measuredAt: new Date().toISOString() }
    await store.put(model.path, key, result)
    return result
  }

  private completed(model: PlannedModel, result: KnownResult | undefined): PlannedModel {
    if (result === undefined) return model
    if ('refusal' in result) return { ...model, refusal: result.refusal }
    const { checked, rows, measuredAt } = result
    const tuning: TuningTable | null =
      rows.length === 0
        ? null
        : { key: this.keyOf(model), measuredAt, rows, bestItems: bestItemsOf(rows) }
    return { ...model, checked, tuning }
  }
}
