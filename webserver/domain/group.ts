import type { Viewer } from './account'

export const groupRoles = ['manager', 'member'] as const
/** A manager also changes who is in the group. */
export type GroupRole = (typeof groupRoles)[number]

export interface Group {
  /** Unique, immutable, by the same rule as account names. */
  name: string
  createdAtMs: number
}

/** A group as one of its members lists it. */
export interface Membership extends Group {
  role: GroupRole
  /** How many members it has. */
  members: number
}

export interface GroupMember {
  account: string
  role: GroupRole
  sinceMs: number
}

export interface GroupWithMembers extends Group {
  /** By name. */
  members: GroupMember[]
}

/**
 * Groups of accounts, known only to their members and to admins, who may do what a manager may. A group has at least one
 * manager: when the last one's account is deleted, who has been a member for longest becomes one, and without any member
 * the group is deleted.
 */
export interface GroupRecords {
  /** `null` also for what the viewer may not know exists. */
  find(viewer: Viewer, name: string): Promise<GroupWithMembers | null>
  /** Those that the account is in, by name. */
  listOf(accountId: string): Promise<Membership[]>
  /**
   * Makes a group whose manager is `accountId`.
   * @throws `conflict` when the name is taken (field `name`), or the account is in `groupsMax` groups; `not_found` when
   * it is gone.
   */
  create(args: NewGroup): Promise<Membership>
  /** Deletes the group and what was granted to it. @throws `not_found`; `forbidden` unless the viewer manages it. */
  delete(viewer: Viewer, args: { name: string }): Promise<void>
  /**
   * Adds a member or changes its role.
   * @throws `not_found` for what the viewer may not know; `forbidden` unless they manage the group; `invalid`, field
   * `account`, when there is no such account; `conflict` when the group is full, the account is in `groupsMax` groups, or
   * the last manager would no longer be one.
   */
  setMember(viewer: Viewer, args: MemberSetting): Promise<{ member: GroupMember; added: boolean }>
  /**
   * @throws `not_found` also when the account is no member; `forbidden` unless the viewer manages the group or leaves it;
   * `conflict` when it is the last manager.
   */
  removeMember(viewer: Viewer, args: { name: string; account: string }): Promise<void>
}

export interface NewGroup {
  id: string
  name: string
  accountId: string
  nowMs: number
  groupsMax: number
}

export interface MemberSetting {
  name: string
  account: string
  role: GroupRole
  membersMax: number
  groupsMax: number
}
