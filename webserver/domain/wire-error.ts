import { AppError, isAppError, type AppErrorOptions, type ErrorCode } from './errors'

/** An {@link AppError} on its way between two processes of the service. */
export interface WireError {
  code: ErrorCode
  message: string
  field?: string
  retryAfterS?: number
  members?: Readonly<Record<string, number>>
}

/** Errors that are not ours are bugs: their text stays in the log of the process that threw them. */
export function toWireError(error: unknown): WireError {
  if (!isAppError(error)) return { code: 'internal', message: 'internal error' }
  const { code, message, field, retryAfterS, members } = error
  return {
    code,
    message,
    ...(field !== undefined && { field }),
    ...(retryAfterS !== undefined && { retryAfterS }),
    ...(members !== undefined && { members }),
  }
}

export function fromWireError({ code, message, ...options }: WireError): AppError {
  return new AppError(code, message, options satisfies AppErrorOptions)
}
