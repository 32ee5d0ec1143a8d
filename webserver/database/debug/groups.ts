import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type {
  GroupRole,
  GroupWithMembers,
  MemberSetting,
  Membership,
  NewGroup,
} from '../../domain/group'
import type { Handlers } from '../operations'
import { compareByCodePoint } from '../path-order'
import { noManagerLeft, noSuchGroup, requireGroupManager, tooMany } from '../share-rules'
import { findByName } from './accounts'
import type { GroupRow, MemberRow, Tables } from './document'
import { dissolve, groupNamed, membersOf } from './memberships'

type Operations =
  | 'groups.find'
  | 'groups.listOf'
  | 'groups.create'
  | 'groups.delete'
  | 'groups.setMember'
  | 'groups.removeMember'

export function groupHandlers(tables: Tables): Handlers<Operations> {
  return {
    'groups.find': (viewer, name) => find(tables, viewer, name),
    'groups.listOf': (accountId) => listOf(tables, accountId),
    'groups.create': (args) => create(tables, args),
    'groups.delete': (viewer, { name }) => {
      const found = visibleGroup(tables, viewer, name)
      requireGroupManager(found?.role ?? null)
      dissolve(tables, found!.group.id)
    },
    'groups.setMember': (viewer, args) => setMember(tables, viewer, args),
    'groups.removeMember': (viewer, args) => removeMember(tables, viewer, args),
  }
}

/** Members know a group, and admins, who count as managers. */
function visibleGroup(
  tables: Tables,
  viewer: Viewer,
  name: string,
): { group: GroupRow; role: GroupRole } | null {
  const group = groupNamed(tables, name)
  if (group === undefined) return null
  if (viewer.seesAll) return { group, role: 'manager' }
  const member = tables.members.get(`${group.id}/${viewer.accountId}`)
  return member === undefined ? null : { group, role: member.role }
}

function find(tables: Tables, viewer: Viewer, name: string): GroupWithMembers | null {
  const found = visibleGroup(tables, viewer, name)
  if (found === null) return null
  const members = membersOf(tables, found.group.id).map(({ accountId, role, sinceMs }) => ({
    account: tables.accounts.get(accountId)!.name,
    role,
    sinceMs,
  }))
  members.sort((a, b) => compareByCodePoint(a.account, b.account))
  return { name, createdAtMs: found.group.createdAtMs, members }
}

function listOf(tables: Tables, accountId: string): Membership[] {
  const rows = [...tables.members.values()].filter((row) => row.accountId === accountId)
  return rows
    .map(({ groupId, role }) => {
      const { name, createdAtMs } = tables.groups.get(groupId)!
      return { name, createdAtMs, role, members: membersOf(tables, groupId).length }
    })
    .sort((a, b) => compareByCodePoint(a.name, b.name))
}

function create(tables: Tables, { id, name, accountId, nowMs, groupsMax }: NewGroup): Membership {
  if (!tables.accounts.has(accountId)) throw new AppError('not_found', 'there is no such account')
  if (groupNamed(tables, name) !== undefined)
    throw new AppError('conflict', 'name is taken', { field: 'name' })
  requireRoomFor(tables, accountId, groupsMax)
  tables.groups.set(id, { id, name, createdAtMs: nowMs })
  add(tables, { groupId: id, accountId, role: 'manager', sinceMs: nowMs })
  return { name, createdAtMs: nowMs, role: 'manager', members: 1 }
}

function requireRoomFor(tables: Tables, accountId: string, groupsMax: number): void {
  if (listOf(tables, accountId).length >= groupsMax)
    throw tooMany('groups of one account', groupsMax)
}

function add(tables: Tables, row: MemberRow): void {
  tables.members.set(`${row.groupId}/${row.accountId}`, row)
}

function setMember(tables: Tables, viewer: Viewer, args: MemberSetting) {
  const { name, account, role, membersMax, groupsMax } = args
  const found = visibleGroup(tables, viewer, name)
  requireGroupManager(found?.role ?? null)
  const groupId = found!.group.id
  const accountId = findByName(tables, account)?.id
  if (accountId === undefined)
    throw new AppError('invalid', 'there is no such account', { field: 'account' })
  const before = tables.members.get(`${groupId}/${accountId}`)
  if (before !== undefined) {
    if (before.role === 'manager' && role === 'member') requireAnotherManager(tables, groupId)
    before.role = role
    return { member: { account, role, sinceMs: before.sinceMs }, added: false }
  }
  if (membersOf(tables, groupId).length >= membersMax)
    throw tooMany('members of one group', membersMax)
  requireRoomFor(tables, accountId, groupsMax)
  add(tables, { groupId, accountId, role, sinceMs: viewer.nowMs })
  return { member: { account, role, sinceMs: viewer.nowMs }, added: true }
}

function removeMember(
  tables: Tables,
  viewer: Viewer,
  { name, account }: { name: string; account: string },
): void {
  const found = visibleGroup(tables, viewer, name)
  if (found === null) throw noSuchGroup()
  const groupId = found.group.id
  const accountId = findByName(tables, account)?.id
  if (accountId === undefined || accountId !== viewer.accountId) requireGroupManager(found.role)
  const member = tables.members.get(`${groupId}/${accountId}`)
  if (member === undefined) throw new AppError('not_found', 'there is no such member')
  if (member.role === 'manager') requireAnotherManager(tables, groupId)
  tables.members.delete(`${groupId}/${accountId}`)
}

function requireAnotherManager(tables: Tables, groupId: string): void {
  const managers = membersOf(tables, groupId).filter(({ role }) => role === 'manager')
  if (managers.length <= 1) throw noManagerLeft()
}
