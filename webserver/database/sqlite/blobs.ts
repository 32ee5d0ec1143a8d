import { AppError } from '../../domain/errors'
import type { FileCommit } from '../../domain/database'
import type { Handlers } from '../operations'
import type { Connection } from './connection'

type Commands = 'blobs.recordOrphan' | 'blobs.condemn' | 'blobs.forget'

export function blobQueries(connection: Connection): Handlers<'blobs.referenced'> {
  const isReferenced = connection
    .prepare<[string], 0 | 1>('SELECT EXISTS (SELECT * FROM blobs WHERE sha256 = ? AND refs > 0)')
    .pluck()
  return {
    'blobs.referenced': (sha256s) => sha256s.filter((sha256) => isReferenced.get(sha256) === 1),
  }
}

export function blobCommands(connection: Connection): Handlers<Commands> {
  const recordOrphan = connection.prepare<[object]>(`
    INSERT INTO blobs (sha256, state, refs, since_ms) VALUES (:sha256, 'live', 0, :nowMs)
    ON CONFLICT DO UPDATE SET state = 'live', since_ms = :nowMs WHERE refs = 0`)
  const condemn = connection
    .prepare<[object], string>(
      `UPDATE blobs SET state = 'condemned', since_ms = :nowMs WHERE sha256 IN (
        SELECT sha256 FROM blobs WHERE state = 'live' AND refs = 0 AND since_ms <= :beforeMs
        ORDER BY since_ms LIMIT :limit)
      RETURNING sha256`,
    )
    .pluck()
  const forget = connection.prepare<[object]>(`
    DELETE FROM blobs WHERE sha256 IN (
      SELECT sha256 FROM blobs WHERE state = 'condemned' AND refs = 0 AND since_ms < :beforeMs
      LIMIT :limit)`)
  return {
    'blobs.recordOrphan': (args) => void recordOrphan.run(args),
    'blobs.condemn': (args) => condemn.all(args),
    'blobs.forget': (args) => forget.run(args).changes,
  }
}

/** The references of files to blobs, moved within the command that changes the file. */
export class BlobReferences {
  private readonly acquireStatement
  private readonly releaseStatement

  constructor(connection: Connection) {
    this.acquireStatement = connection.prepare<[object]>(`
      INSERT INTO blobs (sha256, state, refs, since_ms) VALUES (:sha256, 'live', 1, :nowMs)
      ON CONFLICT DO UPDATE SET state = 'live', refs = refs + 1
      WHERE state = 'live' OR :linked`)
    this.releaseStatement = connection.prepare<[object]>(
      'UPDATE blobs SET refs = refs - 1, since_ms = :nowMs WHERE sha256 = :sha256',
    )
  }

  /** @throws {AppError} `unavailable` when the blob is being swept and this upload did not link it. */
  acquire({ sha256, nowMs, linked }: FileCommit): void {
    const { changes } = this.acquireStatement.run({ sha256, nowMs, linked: linked ? 1 : 0 })
    if (changes > 0) return
    throw new AppError('unavailable', 'the content is being removed: send it again', {
      field: 'sha256',
      retryAfterS: 1,
    })
  }

  release(sha256: string, nowMs: number): void {
    this.releaseStatement.run({ sha256, nowMs })
  }
}
