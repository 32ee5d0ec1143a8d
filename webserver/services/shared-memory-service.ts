import type { Caller } from '../domain/account'
import { AppError } from '../domain/errors'
import type { ServiceControl } from '../domain/service-control'
import type { SharedRegion } from '../domain/shared-memory'
import { requireAdmin } from './access'

const nameLengthMax = 200

/** The regions of shared memory that inference requests may name; the primary keeps the account. */
export class SharedMemoryService {
  constructor(private readonly control: ServiceControl) {}

  /** @throws {AppError} `not_found`; `unsupported` while the setting is off. */
  status(name: string | null): Promise<readonly SharedRegion[]> {
    return this.control.ask('sharedMemory.status', { name })
  }

  /**
   * Only admins: a region is memory of other programs, which requests then read and write.
   * @throws {AppError} `forbidden`; `invalid`; `unsupported`.
   */
  async register(caller: Caller, region: SharedRegion): Promise<void> {
    requireAdmin(caller)
    if (region.name.length > nameLengthMax)
      throw new AppError('invalid', `the name of a region has at most ${nameLengthMax} characters`)
    await this.control.ask('sharedMemory.register', region)
  }

  /** @throws {AppError} `forbidden`; `unsupported`. */
  async unregister(caller: Caller, name: string | null): Promise<void> {
    requireAdmin(caller)
    await this.control.ask('sharedMemory.unregister', { name })
  }
}
