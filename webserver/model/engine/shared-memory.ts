import { readSync, writeSync } from 'node:fs'
import type { SharedRegion } from '../../domain/shared-memory'
import { readRegions, unknownRegion, withRegion } from '../shared-memory'
import type { Values } from './datatypes'
import type { InferPlan } from './infer-plan'
import type { RegionSlice } from './region-slice'
import { refuse, shown } from './request-fields'
import type { ServedModel } from './served-model'
import { binaryValues } from './tensor-values'

/** The registered regions of shared memory, for requests that name one. Reading and writing are copies by the system. */
export class SharedMemory {
  /** @param listPath where the primary writes which regions there are. */
  constructor(private readonly listPath: string) {}

  /**
   * A request's values with those that are in shared memory.
   * @throws {AppError} `not_found`, `invalid`.
   */
  valuesOf(plan: InferPlan, values: readonly Values[], model: ServedModel): readonly Values[] {
    const all = [...values]
    for (const input of plan.inputs)
      if ('region' in input.source)
        all[input.spec.index] = binaryValues(input, this.read(input.source), model)
    return all
  }

  private read(slice: RegionSlice): Buffer {
    const bytes = Buffer.allocUnsafeSlow(slice.sizeBytes)
    const count = this.with(slice, (fd, at) => readSync(fd, bytes, 0, bytes.length, at))
    if (count < bytes.length) refuse(`shared memory region '${slice.region}' has been cut short`)
    return bytes
  }

  /** @throws {AppError} `not_found`; `invalid`, also when there is not room enough. */
  write(slice: RegionSlice, bytes: Buffer, output: string): void {
    if (bytes.length > slice.sizeBytes)
      refuse(
        `shared memory size specified with the request for output '${output}' ` +
          `(${slice.sizeBytes} bytes) should be at least ${bytes.length} bytes to hold the results`,
      )
    const count = this.with(slice, (fd, at) => writeSync(fd, bytes, 0, bytes.length, at))
    if (count < bytes.length) refuse(`shared memory region '${slice.region}' is full`)
  }

  private with<T>(slice: RegionSlice, use: (fd: number, position: number) => T): T {
    const region = this.find(slice.region)
    if (slice.offsetBytes + slice.sizeBytes > region.sizeBytes)
      refuse(`Invalid offset + byte size for shared memory region: '${region.name}'`)
    return withRegion(region, (fd) => use(fd, region.offsetBytes + slice.offsetBytes))
  }

  private find(name: string): SharedRegion {
    const region = readRegions(this.listPath).find((candidate) => candidate.name === name)
    if (region !== undefined) return region
    throw unknownRegion(shown(name))
  }
}
