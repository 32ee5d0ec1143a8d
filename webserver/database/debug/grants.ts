import type { Viewer } from '../../domain/account'
import type { Grant, GrantChange, Grantee, GrantSetting } from '../../domain/grant'
import type { Handlers } from '../operations'
import {
  isWider,
  noSuchGrant,
  notToOneself,
  notYours,
  requireOther,
  requireWithin,
  tooMany,
  unknownGrantee,
} from '../share-rules'
import { findByName } from './accounts'
import type { GrantRow, Tables } from './document'
import { explain, listAt, listOf, visibleGrant } from './grant-queries'
import { coveredBy, grantOf, requireManaged, type Located } from './grant-row'
import { groupNamed } from './memberships'
import { endOfManaging, requireRight, rightTo } from './rights'

type Operations =
  | 'grants.find'
  | 'grants.listAt'
  | 'grants.listOf'
  | 'grants.explain'
  | 'grants.set'
  | 'grants.change'
  | 'grants.delete'
  | 'grants.deleteExpired'

export function grantHandlers(tables: Tables): Handlers<Operations> {
  return {
    'grants.find': (viewer, id) => {
      const row = visibleGrant(tables, viewer, id)
      return row === null ? null : grantOf(tables, row)
    },
    'grants.listAt': (viewer, args) => listAt(tables, viewer, args),
    'grants.listOf': (viewer, args) => listOf(tables, viewer, args),
    'grants.explain': (viewer, args) => explain(tables, viewer, args),
    'grants.set': (viewer, args) => set(tables, viewer, args),
    'grants.change': (viewer, args) => change(tables, viewer, args),
    'grants.delete': (viewer, { id }) => remove(tables, viewer, id),
    'grants.deleteExpired': (args) => deleteExpired(tables, args),
  }
}

type GranteeIds = Pick<GrantRow, 'accountId' | 'groupId'>

function set(tables: Tables, viewer: Viewer, args: GrantSetting) {
  const { place, to, right, expiresAtMs } = args
  const located = requireManaged(tables, viewer, place)
  const grantee = granteeOf(tables, viewer, { to, ownerId: located.ownerId })
  requireWithin(endOfManaging(tables, viewer, located), expiresAtMs)
  const { nowMs } = viewer
  const found = [...tables.grants.values()].find((row) => isAt(row, located, grantee))
  if (found !== undefined && isAlive(found, nowMs)) {
    Object.assign(found, { right, expiresAtMs })
    return { grant: grantOf(tables, found), created: false }
  }
  requireRoom(tables, located, { ...args, nowMs })
  if (found !== undefined) tables.grants.delete(found.id)
  const { ownerId, fileId, folder } = located
  const made = { createdBy: viewer.accountId!, createdAtMs: nowMs }
  const row = { id: args.id, ownerId, fileId, folder, ...grantee, right, expiresAtMs, ...made }
  tables.grants.set(row.id, row)
  return { grant: grantOf(tables, row), created: true }
}

function granteeOf(
  tables: Tables,
  viewer: Viewer,
  { to, ownerId }: { to: Grantee; ownerId: string },
): GranteeIds {
  if ('account' in to) {
    const accountId = findByName(tables, to.account)?.id
    if (accountId === undefined) throw unknownGrantee('account')
    requireOther(accountId, { viewerId: viewer.accountId, ownerId })
    return { accountId, groupId: null }
  }
  const group = groupNamed(tables, to.group)
  const isKnown = group && (viewer.seesAll || tables.members.has(`${group.id}/${viewer.accountId}`))
  if (!isKnown) throw unknownGrantee('group')
  return { accountId: null, groupId: group.id }
}

function isAt(row: GrantRow, located: Located, grantee: GranteeIds): boolean {
  const isThere =
    row.ownerId === located.ownerId &&
    row.fileId === located.fileId &&
    row.folder === located.folder
  return isThere && row.accountId === grantee.accountId && row.groupId === grantee.groupId
}

function isAlive({ expiresAtMs }: GrantRow, nowMs: number): boolean {
  return expiresAtMs === null || expiresAtMs > nowMs
}

function requireRoom(
  tables: Tables,
  { ownerId, fileId, folder }: Located,
  max: { perPlaceMax: number; perOwnerMax: number; nowMs: number },
): void {
  const ofOwner = [...tables.grants.values()].filter(
    (row) => row.ownerId === ownerId && isAlive(row, max.nowMs),
  )
  const ofPlace = ofOwner.filter((row) => row.fileId === fileId && row.folder === folder)
  if (ofPlace.length >= max.perPlaceMax)
    throw tooMany('grants of one file or folder', max.perPlaceMax)
  if (ofOwner.length >= max.perOwnerMax) throw tooMany('grants of one owner', max.perOwnerMax)
}

function change(tables: Tables, viewer: Viewer, { id, ...rest }: GrantChange): Grant {
  const row = visibleGrant(tables, viewer, id)
  if (row === null) throw noSuchGrant()
  const covered = coveredBy(tables, row)
  requireRight(rightTo(tables, viewer, covered), 'manage')
  if (row.accountId === viewer.accountId) throw notToOneself()
  const { right = row.right, expiresAtMs = row.expiresAtMs } = rest
  if (isWider(row, { right, expiresAtMs }))
    requireWithin(endOfManaging(tables, viewer, covered), expiresAtMs)
  Object.assign(row, { right, expiresAtMs })
  return grantOf(tables, row)
}

function remove(tables: Tables, viewer: Viewer, id: string): void {
  const row = visibleGrant(tables, viewer, id)
  if (row === null) throw noSuchGrant()
  const role = tables.members.get(`${row.groupId}/${viewer.accountId}`)?.role
  const isTheirs =
    row.accountId === viewer.accountId ||
    role === 'manager' ||
    rightTo(tables, viewer, coveredBy(tables, row)) === 'manage'
  if (!isTheirs) throw notYours()
  tables.grants.delete(id)
}

/** Maps keep the order in which rows came; which of the expired go first is not promised. */
function deleteExpired(tables: Tables, { nowMs, limit }: { nowMs: number; limit: number }): number {
  const gone = [...tables.grants.values()].filter((row) => !isAlive(row, nowMs)).slice(0, limit)
  for (const { id } of gone) tables.grants.delete(id)
  return gone.length
}
