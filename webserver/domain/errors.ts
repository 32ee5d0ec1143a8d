/** Every way a request can fail. Each door (HTTP, `/v2`) owns one exhaustive table over this union. */
export const errorCodes = [
  'invalid',
  'unauthenticated',
  'forbidden',
  'not_found',
  'gone',
  'method_not_allowed',
  'conflict',
  'precondition_failed',
  'precondition_required',
  'locked',
  'checksum_mismatch',
  'range_not_satisfiable',
  'too_large',
  'quota_exceeded',
  'storage_full',
  'unsupported',
  'rate_limited',
  'unavailable',
  'deadline',
  'internal',
] as const

export type ErrorCode = (typeof errorCodes)[number]

export interface AppErrorOptions {
  /** The input at fault, as the caller wrote it: `name`, `path`, `inputs[0].shape`. */
  field?: string
  /** After how many seconds the same request may succeed. */
  retryAfterS?: number
  /** Figures that a client can act on, by their names. */
  members?: Readonly<Record<string, number>>
  cause?: unknown
}

/**
 * The one error that domain, services and backends throw on purpose. Its message is shown to the caller, so it names
 * the field and never an internal path. Anything else that is thrown is a bug: logged whole, shown as `internal`.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly field: string | undefined
  readonly retryAfterS: number | undefined
  readonly members: Readonly<Record<string, number>> | undefined

  constructor(
    readonly code: ErrorCode,
    message: string,
    { field, retryAfterS, members, cause }: AppErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.field = field
    this.retryAfterS = retryAfterS
    this.members = members
  }
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code)
}
