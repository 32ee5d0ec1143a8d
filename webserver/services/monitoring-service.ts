import type { Caller } from '../domain/account'
import type { CountedBlock } from '../domain/counted'
import { AppError } from '../domain/errors'
import type { LiveChange, LiveSettings } from '../domain/live-settings'
import { unknownModel } from '../domain/model-refusals'
import type { ModelState, ServiceControl } from '../domain/service-control'
import { requireAdmin } from './access'

const nameLengthMax = 128

export interface MonitoringParts {
  control: ServiceControl
  /** Whether the metrics are for admins only. */
  requireToken: boolean
}

/** What is asked for: all models, one, or one version of it. */
export interface ModelsAsked {
  model?: string
  version?: string
}

export interface CountedModels {
  models: readonly ModelState[]
  /** Of all models and more. */
  blocks: readonly CountedBlock[]
}

/** What the service tells of itself. */
export class MonitoringService {
  constructor(private readonly parts: MonitoringParts) {}

  /**
   * What all processes have counted.
   * @param caller null where the metrics are open to anyone. @throws {AppError} `forbidden`; `unavailable`.
   */
  metrics(caller: Caller | null): Promise<readonly CountedBlock[]> {
    const { control, requireToken } = this.parts
    if (requireToken && caller?.role !== 'admin')
      throw new AppError('forbidden', 'Only an admin may read the metrics')
    return control.ask('metrics.totals', null)
  }

  /**
   * What all engines have counted of the models that are ready, or of a version that is asked for by itself.
   * @throws {AppError} `not_found` for an unknown model; `unavailable`.
   */
  async statistics(asked: ModelsAsked): Promise<CountedModels> {
    const [known, blocks] = await Promise.all([
      this.known(asked),
      this.parts.control.ask('metrics.totals', null),
    ])
    const isWanted = ({ state }: ModelState) => asked.version !== undefined || state === 'READY'
    return { models: known.filter(isWanted), blocks }
  }

  /**
   * What can be changed while the service runs. It holds for all models; one may be named, as the protocol has it.
   * @throws {AppError} `not_found` for an unknown model; `unavailable`.
   */
  async liveSettings(asked: ModelsAsked): Promise<LiveSettings> {
    if (asked.model !== undefined) await this.known(asked)
    return this.parts.control.ask('live.settings', null)
  }

  /** @throws {AppError} `forbidden` when the caller is no admin; `unavailable`. */
  async changeLive(caller: Caller, change: LiveChange): Promise<LiveSettings> {
    requireAdmin(caller)
    const { control } = this.parts
    if (Object.keys(change).length === 0) return control.ask('live.settings', null)
    return control.ask('live.change', { account: caller.accountId, change })
  }

  /** @throws {AppError} `not_found` when a model is asked for that does not exist. */
  private async known({ model, version }: ModelsAsked): Promise<readonly ModelState[]> {
    const all = await this.parts.control.ask('models.index', null)
    const known = all.filter(
      (one) => one.name === (model ?? one.name) && one.version === (version ?? one.version),
    )
    if (model !== undefined && known.length === 0)
      throw unknownModel(model.slice(0, nameLengthMax), version?.slice(0, nameLengthMax))
    return known
  }
}
