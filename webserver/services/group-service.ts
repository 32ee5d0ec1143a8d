import { randomUUID } from 'node:crypto'
import { requireAccountName, viewerOf, type Caller } from '../domain/account'
import type { Database } from '../domain/database'
import { AppError } from '../domain/errors'
import type { GroupMember, GroupRole, GroupWithMembers, Membership } from '../domain/group'

export interface GroupSettings {
  groupsPerAccountMax: number
  membersPerGroupMax: number
}

export interface GroupDependencies {
  database: Database
  settings: GroupSettings
  now: () => number
}

/** Groups of accounts. To who is neither in a group nor an admin it does not exist. */
export class GroupService {
  constructor(private readonly use: GroupDependencies) {}

  /** @throws {AppError} `invalid`; `conflict` when the name is taken or the caller is in too many groups. */
  async create(caller: Caller, name: string): Promise<Membership> {
    const { database, settings, now } = this.use
    return database.groups.create({
      id: randomUUID(),
      name: requireAccountName(name),
      accountId: caller.accountId,
      nowMs: now(),
      groupsMax: settings.groupsPerAccountMax,
    })
  }

  /** Those that the caller is in, by name. */
  async list(caller: Caller): Promise<Membership[]> {
    return this.use.database.groups.listOf(caller.accountId)
  }

  /** @throws {AppError} `not_found`. */
  async get(caller: Caller, name: string): Promise<GroupWithMembers> {
    const group = await this.use.database.groups.find(this.viewer(caller), name)
    if (group === null) throw new AppError('not_found', 'There is no such group')
    return group
  }

  /** @throws {AppError} `not_found`, `forbidden`. */
  async delete(caller: Caller, name: string): Promise<void> {
    await this.requireManager(caller, name)
    await this.use.database.groups.delete(this.viewer(caller), { name })
  }

  /** @throws {AppError} `not_found`, `forbidden`, `invalid` field `account`, `conflict`. */
  async setMember(
    caller: Caller,
    { name, account, role }: { name: string; account: string; role: GroupRole },
  ): Promise<{ member: GroupMember; added: boolean }> {
    await this.requireManager(caller, name)
    const { groupsPerAccountMax, membersPerGroupMax } = this.use.settings
    return this.use.database.groups.setMember(this.viewer(caller), {
      name,
      account,
      role,
      membersMax: membersPerGroupMax,
      groupsMax: groupsPerAccountMax,
    })
  }

  /** A manager takes somebody out, or a member leaves. @throws {AppError} `not_found`, `forbidden`, `conflict`. */
  async removeMember(
    caller: Caller,
    { name, account }: { name: string; account: string },
  ): Promise<void> {
    if (account === caller.name) await this.get(caller, name)
    else await this.requireManager(caller, name)
    await this.use.database.groups.removeMember(this.viewer(caller), { name, account })
  }

  private async requireManager(caller: Caller, name: string): Promise<void> {
    const { members } = await this.get(caller, name)
    const own = members.find(({ account }) => account === caller.name)
    if (caller.role === 'admin' || own?.role === 'manager') return
    throw new AppError('forbidden', 'Only its managers may change a group')
  }

  private viewer(caller: Caller) {
    return viewerOf(caller, this.use.now())
  }
}
