import type { FileCondition } from '../../domain/file'
import type { UploadDependencies, UploadResult, UploadSettings } from './upload'
import type { UploadSession } from '../../domain/upload'

export interface ResumableSettings extends UploadSettings {
  uploadsOpenMax: number
  uploadExpiryMs: number
  uploadLeaseMs: number
  uploadFlushBytes: number
  uploadPatchBytesMax: number
  uploadPartsMax: number
}

export interface ResumableDependencies extends UploadDependencies {
  settings: ResumableSettings
  /** Whether the process of that name is surely gone. */
  isGone(holder: string): boolean
}

/** An upload that is announced. Names and types are checked already. */
export interface Announcement {
  /** `part` when it is to be joined with others; its place is of no interest then. */
  kind: 'file' | 'part'
  key: { owner: string; path: string }
  /** Null when the sender will say it later. */
  lengthBytes: number | null
  contentType: string
  metadata: Readonly<Record<string, string>>
  condition: FileCondition
}

/** Parts that are joined, in order. */
export interface Joining extends Omit<Announcement, 'kind' | 'lengthBytes'> {
  partIds: readonly string[]
}

/** Bytes that go on where an upload is. */
export interface Piece {
  /** What the sender says their number is; null when it does not say. */
  declaredBytes: number | null
  /** Whether nothing of it counts before all of it was read: its sender said what it would be found to be. */
  isChecked: boolean
  /** Called once, when the piece is admitted. Throws `AppError` when the body ends early, or is not what it was said to be. */
  openBody(): AsyncIterable<Buffer>
}

export interface PieceResult {
  session: UploadSession
  /** Of an upload that is a file by now. */
  result: UploadResult | null
}
