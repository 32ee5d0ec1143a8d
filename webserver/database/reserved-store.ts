import { AppError, isAppError } from '../domain/errors'
import type { ArgumentsOf, Operation, OperationName, Outcome, Store } from './operations'
import type { SpaceReserve } from './space-reserve'

/**
 * What may use the reserve when the disk is full: whatever lets go, ends or expires something, and what somebody needs
 * who comes to do so.
 */
const frugalNames: ReadonlySet<string> = new Set([
  'ping',
  'accounts.changePassword',
  'accounts.delete',
  'sessions.create',
  'sessions.touch',
  'sessions.delete',
  'sessions.deleteExpired',
  'files.delete',
  'versions.delete',
  'versions.prune',
  'versions.pruneSurplus',
  'trash.restore',
  'trash.delete',
  'trash.empty',
  'trash.purge',
  'links.delete',
  'links.release',
  'links.deleteExpired',
  'uploads.abandon',
  'uploads.terminate',
  'uploads.expire',
  'groups.delete',
  'groups.removeMember',
  'grants.delete',
  'grants.deleteExpired',
  'blobs.recordOrphan',
  'blobs.condemn',
  'blobs.forget',
] satisfies OperationName[])

/** A store that goes on letting things go when the disk is full, and refuses until then what would only fill it again. */
export class ReservedStore implements Store {
  constructor(
    private readonly store: Store,
    private readonly reserve: SpaceReserve,
  ) {}

  commit(operations: readonly Operation[]): Outcome[] | null {
    if (this.reserve.ready()) return this.commitAndRescue(operations)
    const frugal = operations.filter(isFrugal)
    const done = frugal.length === 0 ? [] : this.commitAndRescue(frugal)
    if (done === null) return null
    const outcomes = done[Symbol.iterator]()
    return operations.map((one) =>
      isFrugal(one) ? (outcomes.next().value as Outcome) : { error: full() },
    )
  }

  reclaim(): void {
    this.store.reclaim()
  }

  close(): void {
    this.store.close()
  }

  /** What met a full disk and would help it is tried once more with the reserve. */
  private commitAndRescue(operations: readonly Operation[]): Outcome[] | null {
    const outcomes = this.store.commit(operations)
    const rescued = operations
      .map((operation, index) => ({ operation, index }))
      .filter(({ operation, index }) => isFull(outcomes?.[index]) && isFrugal(operation))
    if (outcomes === null || rescued.length === 0) return outcomes
    this.reserve.release()
    this.store.reclaim()
    const again = this.store.commit(rescued.map(({ operation }) => operation))
    again?.forEach((outcome, at) => (outcomes[rescued[at]!.index] = outcome))
    return outcomes
  }
}

function isFrugal({ name, args }: Operation): boolean {
  if (name === 'files.bulk') return deletesOnly(args as ArgumentsOf<'files.bulk'>)
  return frugalNames.has(name)
}

function deletesOnly([, { operations }]: ArgumentsOf<'files.bulk'>): boolean {
  return operations.every(({ action }) => action === 'delete')
}

function isFull(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && 'error' in outcome && isAppError(outcome.error, 'storage_full')
}

function full(): AppError {
  return new AppError('storage_full', 'the disk of the database is full')
}
