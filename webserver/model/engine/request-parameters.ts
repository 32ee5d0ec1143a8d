import { AppError } from '../../domain/errors'
import { type JsonObject, optionalCount, refuse, shown } from './request-fields'

/** How a request stands to the others that wait (schedule policy extension). */
export interface Precedence {
  /** 1 is first; 0 is the model's default. */
  priority: number
  /** Longest wait in the queue; 0 is the model's default. */
  timeoutUs: number
}

export const noPrecedence: Precedence = { priority: 0, timeoutUs: 0 }

const reservedPrefix = 'triton_'
const types = ['string', 'number', 'bigint', 'boolean']

/**
 * Checks the parameters of a request and reads those that have a meaning for its place in the queue.
 * @throws {AppError} `invalid` with Triton's words; `unsupported` for one that belongs to a sequence.
 */
export function requirePrecedence(parameters: JsonObject): Precedence {
  for (const [key, value] of Object.entries(parameters)) {
    if (key.startsWith(reservedPrefix))
      refuse(
        `parameter keys starting with '${reservedPrefix}' are reserved for Triton usage and should ` +
          `not be specified.`,
      )
    if (!types.includes(typeof value))
      refuse(
        `parameter '${shown(key)}' has invalid type. It should be either 'int', 'double', 'bool', ` +
          `or 'string'.`,
      )
  }
  refuseSequence(parameters)
  return {
    priority: optionalCount(parameters['priority'], 'priority') ?? 0,
    timeoutUs: optionalCount(parameters['timeout'], 'timeout') ?? 0,
  }
}

/** An id of 0 or '' is none. */
function refuseSequence(parameters: JsonObject): void {
  const { sequence_id: id, sequence_start: start, sequence_end: end } = parameters
  if (Boolean(id) || start === true || end === true)
    throw new AppError('unsupported', 'sequence extension is not supported')
}
