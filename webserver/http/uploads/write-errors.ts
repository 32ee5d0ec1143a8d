import type { ErrorCode } from '../../domain/errors'

/** How a content can be refused, whatever the way in. */
export const writeErrors = [
  'not_found',
  'forbidden',
  'precondition_failed',
  'precondition_required',
  'too_large',
  'unsupported',
  'quota_exceeded',
  'storage_full',
] as const satisfies readonly ErrorCode[]
