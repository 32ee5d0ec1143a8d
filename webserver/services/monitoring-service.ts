import type { Caller } from '../domain/account'
import type { CountedBlock } from '../domain/counted'
import { AppError } from '../domain/errors'
import type { ServiceControl } from '../domain/service-control'

export interface MonitoringParts {
  control: ServiceControl
  /** Whether the metrics are for admins only. */
  requireToken: boolean
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
}
