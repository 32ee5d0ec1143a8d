import { AppError } from '../../domain/errors'
import type { Connection } from './connection'

/** By how much the sums of an account change. */
export interface ByteChanges {
  used?: number
  versions?: number
  trash?: number
  reserved?: number
}

/** The account's sums (`Account.usedBytes` and its neighbours), moved within the command that changes what they count. */
export class AccountBytes {
  private readonly update
  private readonly room

  constructor(connection: Connection) {
    this.update = connection.prepare<[object]>(`
      UPDATE accounts SET
        used_bytes = used_bytes + :used, version_bytes = version_bytes + :versions,
        trash_bytes = trash_bytes + :trash, reserved_bytes = reserved_bytes + :reserved
      WHERE id = :ownerId`)
    this.room = connection
      .prepare<[string], number>(
        `SELECT quota_bytes - used_bytes - version_bytes - trash_bytes - reserved_bytes
        FROM accounts WHERE id = ?`,
      )
      .pluck()
  }

  change(ownerId: string, { used = 0, versions = 0, trash = 0, reserved = 0 }: ByteChanges): void {
    this.update.run({ ownerId, used, versions, trash, reserved })
  }

  /** How many bytes the quota has left; negative where it was lowered. */
  roomOf(ownerId: string): number {
    return this.room.get(ownerId)!
  }

  /** @throws {AppError} `quota_exceeded`. */
  requireRoom(ownerId: string): void {
    if (this.roomOf(ownerId) >= 0) return
    throw new AppError('quota_exceeded', 'the quota of the account does not allow this')
  }
}
