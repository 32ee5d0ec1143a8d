import type { Viewer } from '../../domain/account'
import type { Place } from '../../domain/file'
import type { Grant, GrantListing, Permissions, SharedListing } from '../../domain/grant'
import { allows } from '../../domain/rights'
import { compareByCodePoint } from '../path-order'
import type { GrantRow, Tables } from './document'
import { counts, coveredBy, grantOf, linkOf, locate, rightOver, type Located } from './grant-row'
import { covers, grantsTo, isTo, rightTo } from './rights'

/** Who manages the place knows a grant, and who has something by it. */
export function visibleGrant(tables: Tables, viewer: Viewer, id: string): GrantRow | null {
  const row = tables.grants.get(id)
  if (row === undefined || !counts(tables, row, viewer.nowMs)) return null
  const manages = () => rightTo(tables, viewer, coveredBy(tables, row)) === 'manage'
  return isTo(tables, viewer, row) || manages() ? row : null
}

export function listAt(tables: Tables, viewer: Viewer, args: GrantListing): Grant[] {
  const located = locate(tables, args.place)
  if (located === null || !allows(rightOver(tables, viewer, located), 'manage')) return []
  return grantsAt(tables, viewer, located, args)
}

function grantsAt(
  tables: Tables,
  { nowMs }: Viewer,
  located: Located,
  { after, limit }: Pick<GrantListing, 'after' | 'limit'>,
): Grant[] {
  return [...tables.grants.values()]
    .filter((row) => covers(row, located, nowMs))
    .filter((row) => after === null || byAge(row, after) > 0)
    .sort(byAge)
    .slice(0, limit)
    .map((row) => grantOf(tables, row))
}

function byAge(a: { createdAtMs: number; id: string }, b: { createdAtMs: number; id: string }) {
  return a.createdAtMs - b.createdAtMs || compareByCodePoint(a.id, b.id)
}

export function listOf(tables: Tables, viewer: Viewer, { after, limit }: SharedListing): Grant[] {
  return [...tables.grants.values()]
    .filter((row) => isTo(tables, viewer, row) && row.ownerId !== viewer.accountId)
    .filter((row) => counts(tables, row, viewer.nowMs))
    .map((row) => grantOf(tables, row))
    .sort((a, b) => compareKeys(keyOf(a), keyOf(b)))
    .filter((grant) => after === null || compareKeys(keyOf(grant), keyOf(after)) > 0)
    .slice(0, limit)
}

type Key = readonly [string, string, string]

function keyOf(of: Grant | NonNullable<SharedListing['after']>): Key {
  return 'place' in of ? [of.place.owner, pathOf(of.place), of.id] : [of.owner, of.path, of.id]
}

function pathOf(place: Place): string {
  return 'path' in place ? place.path : place.folder
}

function compareKeys(a: Key, b: Key): number {
  return (
    compareByCodePoint(a[0], b[0]) ||
    compareByCodePoint(a[1], b[1]) ||
    compareByCodePoint(a[2], b[2])
  )
}

export function explain(
  tables: Tables,
  viewer: Viewer,
  { place, limit }: { place: Place; limit: number },
): Permissions | null {
  const located = locate(tables, place)
  const right = rightOver(tables, viewer, located)
  if (located === null || right === null || !allows(right, 'view')) return null
  const own = grantsTo(tables, viewer, located).sort(byAge).slice(0, limit)
  const links = () =>
    [...tables.links.values()]
      .filter((row) => covers(row, located, viewer.nowMs))
      .sort(byAge)
      .slice(0, limit)
      .map((row) => linkOf(tables, row))
  const first = { after: null, limit }
  return {
    right,
    isOwner: viewer.accountId === located.ownerId,
    own: own.map((row) => grantOf(tables, row)),
    all: allows(right, 'manage')
      ? { grants: grantsAt(tables, viewer, located, first), links: links() }
      : null,
  }
}
