import type { Caller } from '../domain/account'
import type { CountedBlock } from '../domain/counted'
import { AppError } from '../domain/errors'
import type { ModelState, ServiceControl } from '../domain/service-control'

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
  async statistics({ model, version }: ModelsAsked): Promise<CountedModels> {
    const { control } = this.parts
    const [all, blocks] = await Promise.all([
      control.ask('models.index', null),
      control.ask('metrics.totals', null),
    ])
    const asked = all.filter(
      (known) =>
        known.name === (model ?? known.name) && known.version === (version ?? known.version),
    )
    if (model !== undefined && asked.length === 0) throw unknownModel(model, version)
    const isWanted = ({ state }: ModelState) => version !== undefined || state === 'READY'
    return { models: asked.filter(isWanted), blocks }
  }
}

const nameLengthMax = 128

function unknownModel(model: string, version: string | undefined): AppError {
  const which = version === undefined ? '' : ` version ${version.slice(0, nameLengthMax)}`
  const shown = model.slice(0, nameLengthMax)
  return new AppError('not_found', `Request for unknown model: '${shown}'${which} is not found`)
}
