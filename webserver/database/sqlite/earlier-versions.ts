import { keepsReplaced, type Replacement } from '../file-rules'
import { AccountBytes } from './account-bytes'
import { BlobReferences } from './blobs'
import type { Connection } from './connection'
import { extentsFrom, type FileRow } from './file-row'

export interface VersionRow {
  fileId: string
  version: number
  ownerId: string
  sizeBytes: number
  etag: string
  sha256: string | null
  extents: string | null
  contentType: string
  createdAtMs: number
}

/** Of `file_versions`, under the names of `VersionRow`. */
export const versionColumns = `
  file_id AS fileId, version, owner_id AS ownerId, size_bytes AS sizeBytes, etag, sha256, extents,
  content_type AS contentType, created_at_ms AS createdAtMs`

/** What files were before: their contents stay referenced and count as `Account.versionBytes`. */
export class EarlierVersions {
  private readonly insert
  private readonly oldest
  private readonly surplus
  private readonly ofFile
  private readonly remove
  private readonly bytes
  private readonly references

  constructor(connection: Connection) {
    this.insert = connection.prepare<[object]>(`
      INSERT INTO file_versions
        (file_id, version, owner_id, size_bytes, etag, sha256, extents, content_type, created_at_ms,
          replaced_at_ms)
      VALUES
        (:id, :version, :ownerId, :sizeBytes, :etag, :sha256, :extents, :contentType, :updatedAtMs,
          :nowMs)`)
    this.ofFile = connection.prepare<[string], VersionRow>(
      `SELECT ${versionColumns} FROM file_versions WHERE file_id = ?`,
    )
    this.surplus = connection.prepare<[object], VersionRow>(`
      SELECT ${versionColumns} FROM file_versions WHERE file_id = :id
      ORDER BY version DESC LIMIT -1 OFFSET :versionsKept`)
    this.oldest = connection.prepare<[object], VersionRow>(
      `SELECT ${versionColumns} FROM file_versions WHERE file_id = :id ORDER BY version LIMIT 1`,
    )
    this.remove = connection.prepare<[object]>(
      'DELETE FROM file_versions WHERE file_id = :fileId AND version = :version',
    )
    this.bytes = new AccountBytes(connection)
    this.references = new BlobReferences(connection)
  }

  /** Keeps what a commit replaced, as far as the policy and the quota allow; the oldest versions go first. */
  keep(replaced: FileRow, commit: Replacement): void {
    const { nowMs, versionsKept } = commit
    if (keepsReplaced(commit)) {
      this.insert.run({ ...replaced, nowMs })
      this.bytes.change(replaced.ownerId, { versions: replaced.sizeBytes })
    }
    this.dropSurplus(replaced.id, { nowMs, versionsKept })
    while (this.bytes.roomOf(replaced.ownerId) < 0) {
      const row = this.oldest.get({ id: replaced.id })
      if (row === undefined) return
      this.drop(row, nowMs)
    }
  }

  /** Lets what is beyond the policy go, oldest first. @returns how many. */
  dropSurplus(id: string, { nowMs, versionsKept }: { nowMs: number; versionsKept: number }) {
    const rows = this.surplus.all({ id, versionsKept })
    for (const row of rows) this.drop(row, nowMs)
    return rows.length
  }

  /** Lets all of a file's earlier versions go. */
  dropAll(fileId: string, nowMs: number): void {
    for (const row of this.ofFile.all(fileId)) this.drop(row, nowMs)
  }

  drop(row: VersionRow, nowMs: number): void {
    this.remove.run(row)
    this.references.release({ ...row, extents: extentsFrom(row.extents) }, nowMs)
    this.bytes.change(row.ownerId, { versions: -row.sizeBytes })
  }
}
