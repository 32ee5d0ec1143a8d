import { rm } from 'node:fs/promises'
import type { Config } from '../config/schema'
import { AppError } from '../domain/errors'
import { type ModelPins, pinsBetween } from '../domain/model-pins'
import type { ControlQuestions, ModelState } from '../domain/service-control'
import { againFor, type CheckAgain } from '../model/checker/model-checker'
import { modelConfigOf } from '../model/model-config'
import { type ModelPlan, type PlannedModel, writePlan } from '../model/model-plan'
import { pinsOf, requireEngines } from '../model/model-pinning'
import { ModelWishes } from '../model/model-wishes'
import { planModels } from '../model/plan-models'
import { settingsFromConfig } from '../model/triton-config'
import { policyOf } from '../model/version-policy'
import type { Logger } from '../platform/logger'
import { EngineRenewal } from './engine-renewal'
import { ChangeQueue, type ChangeTime } from './change-queue'
import type { ModelVersion } from './life-signs'
import { ModelDeaths } from './model-deaths'
import { findModel, indexOf, notReady, requireLoaded, servedFacts } from './model-index'
import { ModelPoll } from './model-poll'
import type { EngineSlot } from './supervisor'

export interface ModelControlOptions {
  config: Config
  /** Where the models are, and where the plan is written for the engines. */
  paths: { models: string; modelPlan: string }
  log: Logger
  /** Has files looked at that nobody has looked at yet (model/checker/model-checker.ts). */
  check(plan: readonly PlannedModel[], again?: CheckAgain): Promise<PlannedModel[]>
  engines(): readonly EngineSlot[]
  /** From now on requests for these models must go to these engines only. */
  route(pins: ModelPins): void
  /** A plan is in force. */
  onPlanned(models: readonly PlannedModel[]): void
}

interface State {
  wishes: ModelWishes
  plan: ModelPlan
}

type Argument<Q extends keyof ControlQuestions> = ControlQuestions[Q]['argument']

/** @throws {AppError} when the models do not stand as the change wants them. */
type Check = (models: readonly ModelState[]) => void

interface ChangeOptions {
  check?: Check
  /** Replace engines even when the plan is as before. */
  always?: boolean
  /** What is checked although its result is known. */
  again?: CheckAgain
}

/**
 * Which models the engines serve. Each change is a new plan, written down for engines to read as they start, and new
 * engines, one after another: no request fails, and what was unloaded has left the memory. A change that does not succeed
 * is taken back.
 */
export class ModelControl {
  private readonly changes: ChangeQueue
  private readonly deaths: ModelDeaths
  private readonly renewal: EngineRenewal
  private poll: ModelPoll | null = null
  private plans = 0
  private state: State

  constructor(private readonly options: ModelControlOptions) {
    const { models, inference } = options.config
    this.deaths = new ModelDeaths(inference)
    this.renewal = new EngineRenewal(options.engines)
    this.changes = new ChangeQueue({
      waitingMax: models.changesMax,
      timeoutMs: models.changeTimeoutMs,
    })
    const wishes = ModelWishes.fromSettings(models)
    this.state = { wishes, plan: { number: 0, models: [] } }
  }

  /** The first plan, before there are engines. */
  async start(): Promise<void> {
    const { wishes } = this.state
    await this.install({ wishes, plan: await this.planFor(wishes) })
    this.options.route(pinsOf(this.state.plan.models))
    const { config, paths, log } = this.options
    if (config.models.mode !== 'poll') return
    this.poll = new ModelPoll({
      directory: paths.models,
      intervalMs: config.models.pollIntervalMs,
      onChanged: () => this.rescan(),
      onError: (err) => log.error({ err }, 'the models could not be looked through'),
    })
  }

  close(): void {
    this.poll?.close()
  }

  get index(): ModelState[] {
    return indexOf(this.state.plan.models, this.options.engines())
  }

  /**
   * Loads a model, or loads it again. Resolves when every engine serves all its versions.
   * @throws {AppError} `invalid` with the reason when it cannot be loaded; the models are then as before.
   */
  async load({ name, config, directory, measure }: Argument<'models.load'>): Promise<null> {
    try {
      this.requireChangeable()
      const override = { settings: settingsOf(name, config), directory }
      await this.changes.run(async (time) => {
        this.deaths.forgive(name)
        const wishes = this.state.wishes.with(name, { load: 'start', override })
        const check = (models: readonly ModelState[]) => requireLoaded(name, models)
        await this.change(wishes, time, { check, again: againFor(name, measure) })
      })
      return null
    } finally {
      await this.removeUnused([directory])
    }
  }

  /** @throws {AppError} `not_found` when there is no such model. */
  async unload({ name }: Argument<'models.unload'>): Promise<null> {
    this.requireChangeable()
    await this.changes.run(async (time) => {
      if (!this.state.plan.models.some((model) => model.name === name))
        throw new AppError('not_found', `failed to unload '${name}', unknown model`)
      const wishes = this.state.wishes.with(name, { load: 'never', override: null })
      await this.change(wishes, time)
    })
    return null
  }

  /**
   * Reads the directory anew, with new engines whether something has changed or not. Resolves when the old ones have
   * ended. Models that cannot be loaded say so in the index and hold nobody up.
   */
  reload(): Promise<void> {
    return this.changes.run(async (time) => {
      this.deaths.forgive()
      await this.change(this.state.wishes, time, { always: true })
      await this.renewal.untilDrained()
    })
  }

  /** Puts a new process in the place of one that has asked for it. */
  replaceEngine(slot: number): Promise<null> {
    return this.changes.run(async () => {
      await this.options
        .engines()
        .find(({ number }) => number === slot)
        ?.replace()
      return null
    })
  }

  /** Triton's ModelConfig. @throws {AppError} `not_found`; `unavailable` with the reason while it is not loaded. */
  config({ name, version }: Argument<'models.config'>): Record<string, unknown> {
    const engines = this.options.engines()
    const model = findModel(this.state.plan.models, engines, { name, version })
    const served = servedFacts(model, engines)
    if (served === null) throw notReady(model, engines)
    const { models, inference } = this.options.config
    return modelConfigOf({
      model,
      served,
      instances: model.settings.engines?.length ?? engines.length,
      threads: model.settings.threads ?? inference.threadsPerEngine,
      versionPolicy: model.settings.versionPolicy ?? policyOf(models.versionPolicy),
    })
  }

  /** A run of the model has ended its engine. One that does so too often is set aside until someone asks for it again. */
  engineEnded({ name, version }: ModelVersion): void {
    const { log } = this.options
    const facts = { model: name, version }
    log.warn(facts, 'a run of the model ended its engine')
    const model = this.state.plan.models.find(
      (planned) => planned.name === name && planned.version === version,
    )
    if (model === undefined || !this.deaths.record(model)) return
    log.error(facts, 'the model ended too many engines: it is set aside')
    this.inBackground(this.rescan())
  }

  /** A change that nobody waits for. */
  private inBackground(change: Promise<void>): void {
    change.catch((err: unknown) => this.options.log.error({ err }, 'the models were not changed'))
  }

  /** Reads the directory anew; without new engines when nothing has changed. */
  private rescan(): Promise<void> {
    return this.changes.run((time) => this.change(this.state.wishes, time))
  }

  private requireChangeable(): void {
    const { mode } = this.options.config.models
    if (mode === 'explicit' || mode === 'on_demand') return
    throw new AppError(
      'invalid',
      'explicit model load / unload is not allowed if polling is enabled',
    )
  }

  private async change(
    wishes: ModelWishes,
    time: ChangeTime,
    options: ChangeOptions = {},
  ): Promise<void> {
    const before = this.state
    await this.tryChange(wishes, time, options)
    await this.removeUnused(before.wishes.uploads)
  }

  private async tryChange(
    wishes: ModelWishes,
    time: ChangeTime,
    { check = () => undefined, always = false, again }: ChangeOptions,
  ): Promise<void> {
    const before = this.state
    const plan = await this.planFor(wishes, again)
    check(indexOf(plan.models, []))
    if (!always && this.isInForce(plan, check)) return
    const pins = pinsOf(plan.models)
    this.options.route(pinsBetween(pinsOf(before.plan.models), pins))
    await this.install({ wishes, plan })
    try {
      await this.renewal.renewAll(plan.number, {
        before: () => time.requireTime(),
        after: (engine) => check(indexOf(plan.models, [engine])),
      })
      this.options.route(pins)
      await this.renewal.untilHandedOver()
    } catch (error) {
      await this.takeBack(before)
      throw error
    }
  }

  /** Whether every engine serves this plan already. */
  private isInForce({ models }: ModelPlan, check: Check): boolean {
    if (JSON.stringify(models) !== JSON.stringify(this.state.plan.models)) return false
    try {
      for (const engine of this.options.engines()) check(indexOf(models, [engine]))
      return true
    } catch {
      return false
    }
  }

  private async planFor(wishes: ModelWishes, again?: CheckAgain): Promise<ModelPlan> {
    const { config, paths } = this.options
    const planned = await planModels({
      directory: paths.models,
      settings: config.models,
      wishes,
      previous: this.state.plan.models,
    })
    const possible = requireEngines(planned, config.cluster.engines)
    const plan = possible.map((model) => this.withDeaths(model))
    return { number: ++this.plans, models: await this.options.check(plan, again) }
  }

  private withDeaths(model: PlannedModel): PlannedModel {
    return { ...model, refusal: model.refusal ?? this.deaths.refusalOf(model) }
  }

  private async install(state: State): Promise<void> {
    await writePlan(this.options.paths.modelPlan, state.plan)
    this.state = state
    this.options.onPlanned(state.plan.models)
  }

  /** Engines that have begun to serve the failed plan are replaced once more; the others never left. */
  private async takeBack({ wishes, plan }: State): Promise<void> {
    const failed = this.state.plan.number
    await this.install({ wishes, plan: { ...plan, number: ++this.plans } })
    await this.renewal.replaceThose(failed)
    this.options.route(pinsOf(plan.models))
  }

  /** Files that were sent with a load, once no wish names them. */
  private async removeUnused(directories: readonly (string | null)[]): Promise<void> {
    const used = this.state.wishes.uploads
    for (const directory of directories)
      if (directory !== null && !used.includes(directory))
        await rm(directory, { recursive: true, force: true })
  }
}

function settingsOf(name: string, config: string | null) {
  return config === null ? {} : settingsFromConfig(config, name)
}
