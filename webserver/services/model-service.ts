import type { ModelState, ServiceControl } from '../domain/service-control'

export interface ModelServiceParts {
  control: ServiceControl
}

/** The models as all engines serve them together; the primary keeps the account. */
export class ModelService {
  constructor(private readonly parts: ModelServiceParts) {}

  /** Every version of every model, by name and then version. */
  async index({ readyOnly }: { readyOnly: boolean }): Promise<readonly ModelState[]> {
    const models = await this.parts.control.ask('models.index', null)
    return readyOnly ? models.filter(({ state }) => state === 'READY') : models
  }
}
