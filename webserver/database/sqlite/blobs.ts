import { blobsOf, type Content } from '../../domain/content'
import { AppError } from '../../domain/errors'
import type { Handlers } from '../operations'
import type { Connection } from './connection'

type Queries = 'blobs.referenced' | 'blobs.known'
type Commands = 'blobs.recordOrphan' | 'blobs.condemn' | 'blobs.forget' | 'blobs.adopt'

export function blobQueries(connection: Connection): Handlers<Queries> {
  const isReferenced = connection
    .prepare<[string], 0 | 1>('SELECT EXISTS (SELECT * FROM blobs WHERE sha256 = ? AND refs > 0)')
    .pluck()
  const isKnown = connection
    .prepare<[string], 0 | 1>('SELECT EXISTS (SELECT * FROM blobs WHERE sha256 = ?)')
    .pluck()
  return {
    'blobs.known': (sha256s) => sha256s.filter((sha256) => isKnown.get(sha256) === 1),
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
  const adopt = connection.prepare<[object]>(`
    INSERT INTO blobs (sha256, state, refs, since_ms) VALUES (:sha256, 'live', 0, :nowMs)
    ON CONFLICT DO NOTHING`)
  return {
    'blobs.adopt': ({ sha256s, nowMs }) =>
      sha256s.reduce((sum, sha256) => sum + adopt.run({ sha256, nowMs }).changes, 0),
    'blobs.recordOrphan': (args) => void recordOrphan.run(args),
    'blobs.condemn': (args) => condemn.all(args),
    'blobs.forget': (args) => forget.run(args).changes,
  }
}

type References = Pick<Content, 'sha256' | 'extents'>

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

  /**
   * @param linked the blobs whose directory entries the caller made itself.
   * @throws {AppError} `unavailable` when a blob is being swept and was not linked anew.
   */
  acquire(content: References, nowMs: number, linked: readonly string[] = []): void {
    for (const sha256 of blobsOf(content)) {
      const isLinked = linked.includes(sha256) ? 1 : 0
      const { changes } = this.acquireStatement.run({ sha256, nowMs, linked: isLinked })
      if (changes === 0) throw beingSwept()
    }
  }

  release(content: References, nowMs: number): void {
    for (const sha256 of blobsOf(content)) this.releaseStatement.run({ sha256, nowMs })
  }
}

function beingSwept(): AppError {
  return new AppError('unavailable', 'the content is being removed: send it again', {
    field: 'sha256',
    retryAfterS: 1,
  })
}
