import { AppError } from './errors'

/**
 * That there is no such model, or no such version of it, in Triton's words, which its clients look for.
 * @param name and `version` as the caller wrote them, cut to what may be shown.
 */
export function unknownModel(name: string, version?: string | null): AppError {
  const which = version === undefined || version === null ? '' : ` version ${version}`
  return new AppError('not_found', `Request for unknown model: '${name}'${which} is not found`)
}

/** That a version is known and not served, in Triton's words, and why. */
export function modelNotReady(name: string, version: string, reason: string): AppError {
  return new AppError(
    'unavailable',
    `Request for unknown model: '${name}' version ${version} is not at ready state: ${reason}`,
  )
}
