import type { Config } from '../config/schema'
import { AppError } from '../domain/errors'
import type { SharedRegion } from '../domain/shared-memory'
import { sharedMemoryIsOff, unknownRegion, withRegion, writeRegions } from '../model/shared-memory'

/** The registered regions of shared memory. Engines read the list at each request that names one. */
export class SharedMemoryControl {
  private readonly regions = new Map<string, SharedRegion>()

  /** @param listPath where engines read which regions there are. */
  constructor(
    private readonly settings: Config['inference'],
    private readonly listPath: string,
  ) {}

  /** @throws {AppError} `not_found` when there is none of that name; `unsupported`. */
  status({ name }: { name: string | null }): readonly SharedRegion[] {
    this.requireOn()
    if (name === null) return [...this.regions.values()]
    const region = this.regions.get(name)
    if (region !== undefined) return [region]
    throw unknownRegion(name)
  }

  /** @throws {AppError} `invalid` when the name is taken or the object does not hold the region; `unsupported`. */
  register(region: SharedRegion): null {
    this.requireOn()
    if (this.regions.has(region.name))
      throw new AppError('invalid', `shared memory region '${region.name}' already in manager`)
    if (this.regions.size >= this.settings.sharedMemoryRegionsMax)
      throw new AppError(
        'invalid',
        `there are ${this.regions.size} shared memory regions, the most there may be`,
      )
    withRegion(region, () => undefined)
    this.regions.set(region.name, region)
    this.write()
    return null
  }

  /** All without a name; one that is not registered is none the less gone. @throws {AppError} `unsupported`. */
  unregister({ name }: { name: string | null }): null {
    this.requireOn()
    if (name === null) this.regions.clear()
    else this.regions.delete(name)
    this.write()
    return null
  }

  private requireOn(): void {
    if (!this.settings.systemSharedMemory) throw sharedMemoryIsOff()
  }

  private write(): void {
    writeRegions(this.listPath, [...this.regions.values()])
  }
}
