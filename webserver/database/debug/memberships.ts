import { compareByCodePoint } from '../path-order'
import type { GroupRow, MemberRow, Tables } from './document'

export function groupNamed(tables: Tables, name: string): GroupRow | undefined {
  return [...tables.groups.values()].find((group) => group.name === name)
}

export function membersOf(tables: Tables, groupId: string): MemberRow[] {
  return [...tables.members.values()].filter((row) => row.groupId === groupId)
}

/** Takes an account out of its groups: each keeps a manager, and those left without a member are dissolved. */
export function leaveGroups(tables: Tables, accountId: string): void {
  for (const [key, row] of [...tables.members]) {
    if (row.accountId !== accountId) continue
    tables.members.delete(key)
    keepGoing(tables, row.groupId)
  }
}

function keepGoing(tables: Tables, groupId: string): void {
  const left = membersOf(tables, groupId)
  if (left.length === 0) dissolve(tables, groupId)
  else if (!left.some(({ role }) => role === 'manager')) left.sort(bySeniority)[0]!.role = 'manager'
}

function bySeniority(a: MemberRow, b: MemberRow): number {
  return a.sinceMs - b.sinceMs || compareByCodePoint(a.accountId, b.accountId)
}

/** Deletes a group and all that refers to it. */
export function dissolve(tables: Tables, groupId: string): void {
  for (const grant of tables.grants.values())
    if (grant.groupId === groupId) tables.grants.delete(grant.id)
  for (const { accountId } of membersOf(tables, groupId))
    tables.members.delete(`${groupId}/${accountId}`)
  tables.groups.delete(groupId)
}
