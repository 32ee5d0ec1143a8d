import type { Viewer } from '../../domain/account'
import type { Grantee, GrantSetting } from '../../domain/grant'
import type { GroupRole } from '../../domain/group'
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
import type { Connection } from './connection'
import { accountIdFinder } from './row-finder'
import { grantOf, selectGrants, type GrantRow } from './grant-row'
import { visibleGrant } from './grant-queries'
import { coveredBy, Places, type Located } from './places'
import { requireRight } from './rights'

type Commands = 'grants.set' | 'grants.change' | 'grants.delete' | 'grants.deleteExpired'

export function grantCommands(connection: Connection): Handlers<Commands> {
  const removeExpired = connection.prepare<[object]>(`
    DELETE FROM grants WHERE id IN (
      SELECT id FROM grants WHERE expires_at_ms <= :nowMs LIMIT :limit)`)
  return {
    'grants.set': setting(connection),
    'grants.change': changing(connection),
    'grants.delete': deleting(connection),
    'grants.deleteExpired': (args) => removeExpired.run(args).changes,
  }
}

/** Who gets a right, as rows refer to them. */
interface GranteeIds {
  accountId: string | null
  groupId: string | null
}

// As the unique index has it.
const atTarget = `owner_id = :ownerId AND coalesce(folder, '') = coalesce(:folder, '')
  AND coalesce(file_id, '') = coalesce(:fileId, '')`
const toGrantee = `coalesce(account_id, '') = coalesce(:accountId, '')
  AND coalesce(group_id, '') = coalesce(:groupId, '')`

function setting(connection: Connection): Handlers<Commands>['grants.set'] {
  const places = new Places(connection)
  const granteeOf = granteeFinder(connection)
  const requireRoom = roomGuard(connection)
  const forgetExpired = connection.prepare<[object]>(
    `DELETE FROM grants WHERE ${atTarget} AND ${toGrantee} AND expires_at_ms <= :nowMs`,
  )
  const update = connection.prepare<[object]>(
    `UPDATE grants SET right = :right, expires_at_ms = :expiresAtMs WHERE ${atTarget} AND ${toGrantee}`,
  )
  const insert = connection.prepare<[object]>(`
    INSERT INTO grants (id, owner_id, file_id, folder, account_id, group_id, right, expires_at_ms,
      created_by, created_at_ms)
    VALUES (:id, :ownerId, :fileId, :folder, :accountId, :groupId, :right, :expiresAtMs,
      :createdBy, :nowMs)`)
  const find = connection.prepare<[object], GrantRow>(`${selectGrants}
    AND grants.id = (SELECT id FROM grants WHERE ${atTarget} AND ${toGrantee})`)
  return (viewer, { place, to, right, expiresAtMs, ...rest }) => {
    const { folders, ...target } = places.requireManaged(viewer, place)
    const grantee = granteeOf(viewer, target, to)
    requireWithin(places.rights.endOfManaging(viewer, { ...target, folders }), expiresAtMs)
    const key = { ...target, ...grantee }
    const { nowMs } = viewer
    forgetExpired.run({ ...key, nowMs })
    const created = update.run({ ...key, right, expiresAtMs }).changes === 0
    if (created) {
      requireRoom(target, nowMs, rest)
      const { id } = rest
      insert.run({ ...key, id, right, expiresAtMs, createdBy: viewer.accountId, nowMs })
    }
    return { grant: grantOf(find.get({ ...key, nowMs })!), created }
  }
}

type Target = Omit<Located, 'folders'>

function granteeFinder(connection: Connection) {
  const findAccount = accountIdFinder(connection)
  const findGroup = connection
    .prepare<[object], string>(
      `SELECT id FROM groups WHERE name = :group AND (:seesAll OR EXISTS (
        SELECT * FROM group_members WHERE group_id = groups.id AND account_id = :accountId))`,
    )
    .pluck()
  return (viewer: Viewer, { ownerId }: Target, to: Grantee): GranteeIds => {
    const { accountId: viewerId, seesAll } = viewer
    if ('account' in to) {
      const accountId = findAccount(to.account)
      if (accountId === undefined) throw unknownGrantee('account')
      requireOther(accountId, { viewerId, ownerId })
      return { accountId, groupId: null }
    }
    const args = { group: to.group, seesAll: seesAll ? 1 : 0, accountId: viewerId }
    const groupId = findGroup.get(args)
    if (groupId === undefined) throw unknownGrantee('group')
    return { accountId: null, groupId }
  }
}

function roomGuard(connection: Connection) {
  const count = (rows: string) =>
    connection
      .prepare<[object], number>(
        `SELECT count(*) FROM grants
        WHERE ${rows} AND (expires_at_ms IS NULL OR expires_at_ms > :nowMs)`,
      )
      .pluck()
  const ofTarget = count(atTarget)
  const ofOwner = count('owner_id = :ownerId')
  return (
    target: Target,
    nowMs: number,
    { perPlaceMax, perOwnerMax }: Pick<GrantSetting, 'perPlaceMax' | 'perOwnerMax'>,
  ) => {
    if (ofTarget.get({ ...target, nowMs })! >= perPlaceMax)
      throw tooMany('grants of one file or folder', perPlaceMax)
    const { ownerId } = target
    if (ofOwner.get({ ownerId, nowMs })! >= perOwnerMax)
      throw tooMany('grants of one owner', perOwnerMax)
  }
}

function changing(connection: Connection): Handlers<Commands>['grants.change'] {
  const seen = visibleGrant(connection)
  const { rights } = new Places(connection)
  const update = connection.prepare<[object]>(
    'UPDATE grants SET right = :right, expires_at_ms = :expiresAtMs WHERE id = :id',
  )
  return (viewer, { id, ...change }) => {
    const row = seen(viewer, id)
    if (row === null) throw noSuchGrant()
    const covered = coveredBy(row)
    requireRight(rights.over(viewer, covered), 'manage')
    if (row.accountId === viewer.accountId) throw notToOneself()
    const { right = row.right, expiresAtMs = row.expiresAtMs } = change
    if (isWider(row, { right, expiresAtMs }))
      requireWithin(rights.endOfManaging(viewer, covered), expiresAtMs)
    update.run({ id, right, expiresAtMs })
    return grantOf({ ...row, right, expiresAtMs })
  }
}

function deleting(connection: Connection): Handlers<Commands>['grants.delete'] {
  const seen = visibleGrant(connection)
  const { rights } = new Places(connection)
  const roleIn = connection
    .prepare<[string | null, string | null], GroupRole>(
      'SELECT role FROM group_members WHERE group_id = ? AND account_id = ?',
    )
    .pluck()
  const remove = connection.prepare<[string]>('DELETE FROM grants WHERE id = ?')
  return (viewer, { id }) => {
    const row = seen(viewer, id)
    if (row === null) throw noSuchGrant()
    const isTheirs =
      row.accountId === viewer.accountId ||
      roleIn.get(row.groupId, viewer.accountId) === 'manager' ||
      rights.over(viewer, coveredBy(row)) === 'manage'
    if (!isTheirs) throw notYours()
    remove.run(id)
  }
}
