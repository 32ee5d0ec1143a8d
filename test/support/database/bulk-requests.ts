import type { BulkAction, BulkOperation, BulkRequest } from '../../../webserver/domain/bulk'
import type { FileKey } from '../../../webserver/domain/file'

/** `ann:a/b` → the key. */
export function keyAt(place: string): FileKey {
  const colon = place.indexOf(':')
  return { owner: place.slice(0, colon), path: place.slice(colon + 1) }
}

export function operation(
  action: BulkAction,
  from: string,
  to: string | null = null,
  rest: Partial<BulkOperation> = {},
): BulkOperation {
  const target = to === null ? null : keyAt(to)
  return { action, from: keyAt(from), to: target, overwrite: false, condition: {}, ...rest }
}

export function bulkOf(
  operations: readonly BulkOperation[],
  rest: Partial<BulkRequest> = {},
): BulkRequest {
  return {
    operations,
    filesMax: 100,
    seed: 'seed',
    nowMs: 5000,
    toTrash: true,
    versionsKept: 3,
    ...rest,
  }
}
