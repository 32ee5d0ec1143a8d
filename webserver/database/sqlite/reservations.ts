import { reservationOf } from '../upload-rules'
import { AccountBytes } from './account-bytes'
import type { Connection } from './connection'

interface Reserved {
  id: string
  ownerId: string
  path: string
  reservedBytes: number
}

/** What uploads reserve: moved within the command, so that an account's `reserved_bytes` is their sum. */
export class Reservations {
  private readonly bytes
  private readonly replaced
  private readonly update
  private readonly delete

  constructor(connection: Connection) {
    this.bytes = new AccountBytes(connection)
    this.replaced = connection
      .prepare<[object], number>(
        `SELECT size_bytes +
          (SELECT coalesce(sum(size_bytes), 0) FROM file_versions WHERE file_id = files.id)
        FROM files WHERE owner_id = :ownerId AND path = :path`,
      )
      .pluck()
    this.update = connection.prepare<[object]>(
      'UPDATE uploads SET reserved_bytes = :reservedBytes WHERE id = :id',
    )
    this.delete = connection.prepare<[string]>('DELETE FROM uploads WHERE id = ?')
  }

  /** @returns how many bytes are reserved now. @throws {AppError} `quota_exceeded`. */
  grow(upload: Reserved, asked: { neededBytes: number; wantedBytes: number }): number {
    const { id, ownerId, path, reservedBytes: before } = upload
    const reservedBytes = reservationOf({
      neededBytes: asked.neededBytes,
      wantedBytes: asked.wantedBytes,
      reservedBytes: before,
      roomBytes: this.bytes.roomOf(ownerId),
      replacedBytes: this.replaced.get({ ownerId, path }) ?? 0,
    })
    this.update.run({ id, reservedBytes })
    this.bytes.change(ownerId, { reserved: reservedBytes - before })
    return reservedBytes
  }

  /** Ends an upload. */
  remove({ id, ownerId, reservedBytes }: Omit<Reserved, 'path'>): void {
    this.delete.run(id)
    this.bytes.change(ownerId, { reserved: -reservedBytes })
  }
}
