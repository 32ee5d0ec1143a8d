import { type JsonObject, optionalCount, refuse, requireString } from './request-fields'

/** Part of a registered region of shared memory, as an input or output names it. */
export interface RegionSlice {
  region: string
  offsetBytes: number
  sizeBytes: number
}

/** @throws {AppError} `invalid`. */
export function requireSlice(parameters: JsonObject): RegionSlice {
  const region = requireString(parameters['shared_memory_region'], 'shared_memory_region')
  const sizeBytes = optionalCount(parameters['shared_memory_byte_size'], 'shared_memory_byte_size')
  if (sizeBytes === undefined)
    refuse("'shared_memory_byte_size' must be specified along with 'shared_memory_region'")
  const offset = optionalCount(parameters['shared_memory_offset'], 'shared_memory_offset')
  return { region, offsetBytes: offset ?? 0, sizeBytes }
}
