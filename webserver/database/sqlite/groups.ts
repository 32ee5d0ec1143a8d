import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { Group, GroupMember, GroupRole, Membership } from '../../domain/group'
import type { Handlers } from '../operations'
import { noManagerLeft, noSuchGroup, requireGroupManager, tooMany } from '../share-rules'
import type { Connection } from './connection'
import { accountIdFinder } from './row-finder'

type Queries = 'groups.find' | 'groups.listOf'
type Commands = 'groups.create' | 'groups.delete' | 'groups.setMember' | 'groups.removeMember'

interface GroupRow extends Group {
  id: string
}

const groupColumns = 'groups.id AS id, groups.name AS name, groups.created_at_ms AS createdAtMs'

export function groupQueries(connection: Connection): Handlers<Queries> {
  const seen = visibleGroup(connection)
  const members = connection.prepare<[string], GroupMember>(`
    SELECT accounts.name AS account, group_members.role AS role, since_ms AS sinceMs
    FROM group_members JOIN accounts ON accounts.id = account_id
    WHERE group_id = ? ORDER BY accounts.name`)
  const listOf = connection.prepare<[string], Membership>(`
    SELECT groups.name AS name, created_at_ms AS createdAtMs, role,
      (SELECT count(*) FROM group_members AS others WHERE others.group_id = groups.id) AS members
    FROM group_members JOIN groups ON groups.id = group_id
    WHERE account_id = ? ORDER BY groups.name`)
  return {
    'groups.find': (viewer, name) => {
      const found = seen(viewer, name)
      if (found === null) return null
      const { id, createdAtMs } = found.group
      return { name, createdAtMs, members: members.all(id) }
    },
    'groups.listOf': (accountId) => listOf.all(accountId),
  }
}

export function groupCommands(connection: Connection): Handlers<Commands> {
  return {
    'groups.create': creating(connection),
    'groups.delete': deleting(connection),
    'groups.setMember': settingMember(connection),
    'groups.removeMember': removingMember(connection),
  }
}

/** The predicate of every statement about a group: its members know it, and admins, who count as managers. */
function visibleGroup(connection: Connection) {
  const find = connection.prepare<[string], GroupRow>(
    `SELECT ${groupColumns} FROM groups WHERE name = ?`,
  )
  const roleIn = roleFinder(connection)
  return (viewer: Viewer, name: string): { group: GroupRow; role: GroupRole } | null => {
    const group = find.get(name)
    if (group === undefined) return null
    const role = viewer.seesAll ? 'manager' : roleIn(group.id, viewer.accountId)
    return role === null ? null : { group, role }
  }
}

function roleFinder(connection: Connection) {
  const find = connection
    .prepare<[string, string | null], GroupRole>(
      'SELECT role FROM group_members WHERE group_id = ? AND account_id = ?',
    )
    .pluck()
  return (groupId: string, accountId: string | null) => find.get(groupId, accountId) ?? null
}

function creating(connection: Connection): Handlers<Commands>['groups.create'] {
  const isAccount = connection.prepare<[string], 1>('SELECT 1 FROM accounts WHERE id = ?').pluck()
  const insert = connection.prepare<[object]>(`
    INSERT INTO groups (id, name, created_at_ms) VALUES (:id, :name, :nowMs)
    ON CONFLICT DO NOTHING`)
  const join = joining(connection)
  return ({ id, name, accountId, nowMs, groupsMax }) => {
    if (isAccount.get(accountId) === undefined)
      throw new AppError('not_found', 'there is no such account')
    if (insert.run({ id, name, nowMs }).changes === 0)
      throw new AppError('conflict', 'name is taken', { field: 'name' })
    join({ groupId: id, accountId, role: 'manager', nowMs }, groupsMax)
    return { name, createdAtMs: nowMs, role: 'manager', members: 1 }
  }
}

interface NewMember {
  groupId: string
  accountId: string
  role: GroupRole
  nowMs: number
}

function joining(connection: Connection) {
  const memberships = connection
    .prepare<[string], number>('SELECT count(*) FROM group_members WHERE account_id = ?')
    .pluck()
  const insert = connection.prepare<[NewMember]>(`
    INSERT INTO group_members (group_id, account_id, role, since_ms)
    VALUES (:groupId, :accountId, :role, :nowMs)`)
  return (member: NewMember, groupsMax: number) => {
    if (memberships.get(member.accountId)! >= groupsMax)
      throw tooMany('groups of one account', groupsMax)
    insert.run(member)
  }
}

function deleting(connection: Connection): Handlers<Commands>['groups.delete'] {
  const seen = visibleGroup(connection)
  const dissolve = dissolving(connection)
  return (viewer, { name }) => {
    const found = seen(viewer, name)
    requireGroupManager(found?.role ?? null)
    dissolve(found!.group.id)
  }
}

/** Deletes a group and all that refers to it. */
export function dissolving(connection: Connection): (groupId: string) => void {
  const statements = ['grants WHERE group_id', 'group_members WHERE group_id', 'groups WHERE id']
  const deleteRows = statements.map((rows) =>
    connection.prepare<[string]>(`DELETE FROM ${rows} = ?`),
  )
  return (groupId) => {
    for (const statement of deleteRows) statement.run(groupId)
  }
}

function settingMember(connection: Connection): Handlers<Commands>['groups.setMember'] {
  const seen = visibleGroup(connection)
  const findAccount = accountIdFinder(connection)
  const roleIn = roleFinder(connection)
  const requireAnotherManager = managerGuard(connection)
  const size = connection
    .prepare<[string], number>('SELECT count(*) FROM group_members WHERE group_id = ?')
    .pluck()
  const join = joining(connection)
  const update = connection.prepare<[object]>(`
    UPDATE group_members SET role = :role WHERE group_id = :groupId AND account_id = :accountId`)
  const sinceOf = connection
    .prepare<[string, string], number>(
      'SELECT since_ms FROM group_members WHERE group_id = ? AND account_id = ?',
    )
    .pluck()
  return (viewer, { name, account, role, membersMax, groupsMax }) => {
    const found = seen(viewer, name)
    requireGroupManager(found?.role ?? null)
    const groupId = found!.group.id
    const accountId = findAccount(account)
    if (accountId === undefined)
      throw new AppError('invalid', 'there is no such account', { field: 'account' })
    const before = roleIn(groupId, accountId)
    if (before === null) {
      if (size.get(groupId)! >= membersMax) throw tooMany('members of one group', membersMax)
      join({ groupId, accountId, role, nowMs: viewer.nowMs }, groupsMax)
    } else {
      if (before === 'manager' && role === 'member') requireAnotherManager(groupId)
      update.run({ groupId, accountId, role })
    }
    const sinceMs = sinceOf.get(groupId, accountId)!
    return { member: { account, role, sinceMs }, added: before === null }
  }
}

function removingMember(connection: Connection): Handlers<Commands>['groups.removeMember'] {
  const seen = visibleGroup(connection)
  const findAccount = accountIdFinder(connection)
  const roleIn = roleFinder(connection)
  const requireAnotherManager = managerGuard(connection)
  const remove = connection.prepare<[string, string]>(
    'DELETE FROM group_members WHERE group_id = ? AND account_id = ?',
  )
  return (viewer, { name, account }) => {
    const found = seen(viewer, name)
    if (found === null) throw noSuchGroup()
    const groupId = found.group.id
    const accountId = findAccount(account)
    if (accountId === undefined || accountId !== viewer.accountId) requireGroupManager(found.role)
    const before = accountId === undefined ? null : roleIn(groupId, accountId)
    if (before === null) throw new AppError('not_found', 'there is no such member')
    if (before === 'manager') requireAnotherManager(groupId)
    remove.run(groupId, accountId!)
  }
}

function managerGuard(connection: Connection) {
  const managers = connection
    .prepare<[string], number>(
      `SELECT count(*) FROM group_members WHERE group_id = ? AND role = 'manager'`,
    )
    .pluck()
  return (groupId: string) => {
    if (managers.get(groupId)! <= 1) throw noManagerLeft()
  }
}

/** Takes an account out of its groups: each keeps a manager, and those left without a member are dissolved. */
export function leavingGroups(connection: Connection): (accountId: string) => void {
  const groupsOf = connection
    .prepare<[string], string>('SELECT group_id FROM group_members WHERE account_id = ?')
    .pluck()
  const leave = connection.prepare<[string]>('DELETE FROM group_members WHERE account_id = ?')
  const promote = connection.prepare<[object]>(`
    UPDATE group_members SET role = 'manager'
    WHERE group_id = :groupId
      AND NOT EXISTS (
        SELECT * FROM group_members WHERE group_id = :groupId AND role = 'manager')
      AND account_id = (
        SELECT account_id FROM group_members WHERE group_id = :groupId
        ORDER BY since_ms, account_id LIMIT 1)`)
  const hasMembers = connection
    .prepare<[string], 1>('SELECT 1 FROM group_members WHERE group_id = ? LIMIT 1')
    .pluck()
  const dissolve = dissolving(connection)
  return (accountId) => {
    const groupIds = groupsOf.all(accountId)
    leave.run(accountId)
    for (const groupId of groupIds) {
      if (hasMembers.get(groupId) === undefined) dissolve(groupId)
      else promote.run({ groupId })
    }
  }
}
