import type { Viewer } from '../../domain/account'
import type { Grant, Permissions, SharedListing } from '../../domain/grant'
import { allows } from '../../domain/rights'
import type { Handlers } from '../operations'
import type { Connection } from './connection'
import {
  grantOf,
  linkOf,
  reaching,
  selectGrants,
  selectLinks,
  toAccount,
  type GrantRow,
  type LinkRow,
} from './grant-row'
import { coveredBy, Places, type Located } from './places'

type Queries = 'grants.find' | 'grants.listAt' | 'grants.listOf' | 'grants.explain'

export function grantQueries(connection: Connection): Handlers<Queries> {
  const places = new Places(connection)
  const seen = visibleGrant(connection)
  const grantsAt = listingAt(connection)
  return {
    'grants.find': (viewer, id) => {
      const row = seen(viewer, id)
      return row === null ? null : grantOf(row)
    },
    'grants.listAt': (viewer, { place, after, limit }) => {
      const located = places.locate(place)
      if (located === null || !allows(places.rightOver(viewer, located), 'manage')) return []
      return grantsAt(viewer, located, { after, limit })
    },
    'grants.listOf': listingOf(connection),
    'grants.explain': explaining(connection),
  }
}

/** The predicate of every statement about one grant: who manages the place knows it, and who has something by it. */
export function visibleGrant(connection: Connection) {
  const find = connection.prepare<[object], GrantRow>(`${selectGrants} AND grants.id = :id`)
  const isMember = connection
    .prepare<[string | null, string | null], 1>(
      'SELECT 1 FROM group_members WHERE group_id = ? AND account_id = ?',
    )
    .pluck()
  const { rights } = new Places(connection)
  return (viewer: Viewer, id: string): GrantRow | null => {
    const { accountId, nowMs } = viewer
    const row = find.get({ id, nowMs })
    if (row === undefined) return null
    const isTo = row.accountId === accountId || isMember.get(row.groupId, accountId) === 1
    return isTo || allows(rights.over(viewer, coveredBy(row)), 'manage') ? row : null
  }
}

interface Page {
  after: { createdAtMs: number; id: string } | null
  limit: number
}

function listingAt(connection: Connection) {
  const list = connection.prepare<[object], GrantRow>(`${selectGrants} AND ${reaching('grants')}
    AND (grants.created_at_ms, grants.id) > (:afterMs, :afterId)
    ORDER BY grants.created_at_ms, grants.id LIMIT :limit`)
  return ({ nowMs }: Viewer, located: Located, { after, limit }: Page): Grant[] => {
    const bounds = { afterMs: after?.createdAtMs ?? -1, afterId: after?.id ?? '', limit, nowMs }
    return list.all({ ...argumentsOf(located), ...bounds }).map(grantOf)
  }
}

function argumentsOf({ ownerId, fileId, folders }: Located) {
  return { ownerId, fileId, folders: JSON.stringify(folders) }
}

function listingOf(connection: Connection): Handlers<Queries>['grants.listOf'] {
  const list = connection.prepare<[object], GrantRow>(`${selectGrants} AND ${toAccount}
    AND grants.owner_id IS NOT :accountId
    AND (owners.name, coalesce(grants.folder, files.path), grants.id) > (:owner, :path, :id)
    ORDER BY owners.name, coalesce(grants.folder, files.path), grants.id LIMIT :limit`)
  return ({ accountId, nowMs }: Viewer, { after, limit }: SharedListing) => {
    const { owner, path, id } = after ?? { owner: '', path: '', id: '' }
    return list.all({ accountId, nowMs, owner, path, id, limit }).map(grantOf)
  }
}

function explaining(connection: Connection): Handlers<Queries>['grants.explain'] {
  const places = new Places(connection)
  const grantsAt = listingAt(connection)
  const own = connection.prepare<[object], GrantRow>(`${selectGrants} AND ${reaching('grants')}
    AND ${toAccount} ORDER BY grants.created_at_ms, grants.id LIMIT :limit`)
  const links = connection.prepare<[object], LinkRow>(`${selectLinks} AND ${reaching('links')}
    ORDER BY links.created_at_ms, links.id LIMIT :limit`)
  return (viewer, { place, limit }): Permissions | null => {
    const located = places.locate(place)
    const right = places.rightOver(viewer, located)
    if (located === null || right === null || !allows(right, 'view')) return null
    const { accountId, nowMs } = viewer
    const args = { ...argumentsOf(located), nowMs, limit }
    const all = allows(right, 'manage')
      ? {
          grants: grantsAt(viewer, located, { after: null, limit }),
          links: links.all(args).map(linkOf),
        }
      : null
    const isOwner = accountId === located.ownerId
    return { right, isOwner, own: own.all({ ...args, accountId }).map(grantOf), all }
  }
}
