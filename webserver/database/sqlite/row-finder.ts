import type { FileKey } from '../../domain/file'
import type { Connection } from './connection'
import { fileColumns, type FileRow } from './file-row'

/** The row at a key, whoever asks: who uses it asks `Rights` as well. */
export function rowFinder(connection: Connection): (key: FileKey) => FileRow | undefined {
  const find = connection.prepare<[object], FileRow>(`
    SELECT ${fileColumns} FROM accounts JOIN files ON files.owner_id = accounts.id
    WHERE accounts.name = :owner AND files.path = :path`)
  return ({ owner, path }) => find.get({ owner, path })
}

/** The account of a name, whoever asks. */
export function accountIdFinder(connection: Connection): (name: string) => string | undefined {
  const find = connection
    .prepare<[string], string>('SELECT id FROM accounts WHERE name = ?')
    .pluck()
  return (name) => find.get(name)
}
