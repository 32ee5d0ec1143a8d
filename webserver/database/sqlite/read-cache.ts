import type { Statement } from 'better-sqlite3'
import type { Connection } from './connection'

/**
 * Rows as this connection read them, good for as long as nobody has committed anything: SQLite tells by a number whether
 * another connection has (`PRAGMA data_version`), and all writes come from another process. So a row from here is what a
 * query in its place would have read, at a third of the cost.
 */
export class ReadCache {
  private readonly dataVersion: Statement<[], number>
  private readonly rows = new Map<string, object>()
  private version = -1

  constructor(
    connection: Connection,
    private readonly rowsMax: number,
  ) {
    this.dataVersion = connection.prepare<[], number>('PRAGMA data_version').pluck()
  }

  /** What is not there is asked for each time, so that guessing fills nothing. Throws what the query throws. */
  get<T extends object>(key: string, query: () => T | null): T | null {
    if (this.rowsMax === 0) return query()
    this.forgetIfChanged()
    const known = this.rows.get(key) as T | undefined
    if (known !== undefined) return known
    const row = query()
    if (row !== null) this.keep(key, row)
    return row
  }

  /** Asked before the query: a row may then be newer than its version, which costs a query more, but never older. */
  private forgetIfChanged(): void {
    const version = this.dataVersion.get()!
    if (version === this.version) return
    this.rows.clear()
    this.version = version
  }

  private keep(key: string, row: object): void {
    if (this.rows.size >= this.rowsMax) this.rows.delete(this.rows.keys().next().value!)
    this.rows.set(key, Object.freeze(row))
  }
}
