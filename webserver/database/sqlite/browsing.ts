import type { Viewer } from '../../domain/account'
import type { Browse, Browsed } from '../../domain/listing'
import { allows } from '../../domain/rights'
import { isByPath, requireSortable } from '../browse-rules'
import type { Handlers } from '../operations'
import { ByKey } from './browse-by-key'
import { ByPath } from './browse-by-path'
import type { Owner } from './browse-page'
import type { Connection } from './connection'
import { Rights } from './rights'

export function browsing(connection: Connection): Handlers<'files.browse'>['files.browse'] {
  const seen = owners(connection)
  const byPath = new ByPath(connection)
  const byKey = new ByKey(connection, byPath)
  return (viewer, args) => {
    const owner = args.owner ?? (viewer.seesAll ? null : viewer.name)
    if (owner === null && viewer.seesAll)
      return byPath.browse(args, (from) => seen.next(args, from))
    const one = owner === null ? undefined : seen.one(viewer, owner, args)
    if (one === undefined) return empty
    if (!isByPath(args)) return byKey.browse(args, one)
    return byPath.browse(args, (from) => (from === null ? one : undefined))
  }
}

const empty: Browsed = { files: [], folders: [], next: null }

function owners(connection: Connection) {
  const find = connection.prepare<[string], Owner>('SELECT id, name FROM accounts WHERE name = ?')
  const prepare = (comparison: string, direction: string) =>
    connection.prepare<[string], Owner>(
      `SELECT id, name FROM accounts WHERE name ${comparison} ? ORDER BY name ${direction} LIMIT 1`,
    )
  const statements = {
    from: prepare('>=', ''),
    behind: prepare('>', ''),
    backFrom: prepare('<=', 'DESC'),
    before: prepare('<', 'DESC'),
  }
  // No name sorts after this one: a character beyond what names are made of.
  const last = '\u{10ffff}'
  const rights = new Rights(connection)
  return {
    one(viewer: Viewer, name: string, { prefix }: Browse): Owner | undefined {
      const owner = find.get(name)
      const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
      return owner && allows(rights.ofFolder(viewer, owner.id, folder), 'view') ? owner : undefined
    },
    /** The first owner of a page when `behind` is null, and then the one after. */
    next(args: Browse, behind: Owner | null): Owner | undefined {
      requireSortable(args)
      const { descending, after } = args
      if (behind !== null) return statements[descending ? 'before' : 'behind'].get(behind.name)
      return statements[descending ? 'backFrom' : 'from'].get(
        after?.owner ?? (descending ? last : ''),
      )
    },
  }
}
