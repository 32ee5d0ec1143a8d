import type { Account } from '../../webserver/domain/account'
import type { Database } from '../../webserver/domain/database'
import type { GroupRole } from '../../webserver/domain/group'
import { addAccount, admin, viewerOf } from '../support/database/fixtures'

const max = { membersMax: 3, groupsMax: 2 }

export function groupsContract(opened: () => Database): void {
  let ann: Account
  let bob: Account
  let cid: Account
  beforeEach(async () => {
    ann = await addAccount(opened(), 'ann')
    bob = await addAccount(opened(), 'bob')
    cid = await addAccount(opened(), 'cid')
  })
  const create = (account = ann, name = 'staff') =>
    opened().groups.create({
      id: `id-of-${name}`,
      name,
      accountId: account.id,
      nowMs: 10,
      groupsMax: 2,
    })
  const setMember = (
    by: Account,
    account: string,
    {
      role = 'member',
      nowMs = 20,
      name = 'staff',
    }: { role?: GroupRole; nowMs?: number; name?: string } = {},
  ) => opened().groups.setMember({ ...viewerOf(by), nowMs }, { name, account, role, ...max })
  const removeMember = (by: Account, account: string) =>
    opened().groups.removeMember(viewerOf(by), { name: 'staff', account })
  const membersFor = async (account: Account) =>
    (await opened().groups.find(viewerOf(account), 'staff'))?.members.map(
      (member) => `${member.account} ${member.role}`,
    )

  it('makes a group whose manager is who made it, under a name of its own', async () => {
    expect(await create()).toEqual({
      name: 'staff',
      createdAtMs: 10,
      role: 'manager',
      members: 1,
    })
    await expect(create(bob)).rejects.toMatchObject({ code: 'conflict', field: 'name' })
    expect(await opened().groups.find(viewerOf(ann), 'staff')).toEqual({
      name: 'staff',
      createdAtMs: 10,
      members: [{ account: 'ann', role: 'manager', sinceMs: 10 }],
    })
  })

  it('is known to its members and to admins only', async () => {
    await create()
    await setMember(ann, 'bob')
    expect(await membersFor(bob)).toEqual(['ann manager', 'bob member'])
    expect(await membersFor(cid)).toBeUndefined()
    expect(await opened().groups.find(admin, 'staff')).not.toBeNull()
    expect(await opened().groups.listOf(bob.id)).toEqual([
      { name: 'staff', createdAtMs: 10, role: 'member', members: 2 },
    ])
    expect(await opened().groups.listOf(cid.id)).toEqual([])
  })

  it('is changed by its managers only; to who is not in it, it does not exist', async () => {
    await create()
    await setMember(ann, 'bob')
    for (const [account, code] of [
      [bob, 'forbidden'],
      [cid, 'not_found'],
    ] as const) {
      await expect(setMember(account, 'cid')).rejects.toMatchObject({ code })
      await expect(removeMember(account, 'ann')).rejects.toMatchObject({ code })
      const remove = opened().groups.delete(viewerOf(account), { name: 'staff' })
      await expect(remove).rejects.toMatchObject({ code })
    }
    expect(await membersFor(ann)).toEqual(['ann manager', 'bob member'])
  })

  it('keeps a manager, also when the last two leave at once', async () => {
    await create()
    await expect(removeMember(ann, 'ann')).rejects.toMatchObject({ code: 'conflict' })
    await expect(setMember(ann, 'ann')).rejects.toMatchObject({ code: 'conflict' })
    await setMember(ann, 'bob', { role: 'manager' })
    const ends = await Promise.allSettled([removeMember(ann, 'ann'), removeMember(bob, 'bob')])
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(await membersFor(bob)).toEqual(['bob manager'])
  })

  it('lets a member leave, and tells of who is none', async () => {
    await create()
    await setMember(ann, 'bob')
    await removeMember(bob, 'bob')
    expect(await membersFor(ann)).toEqual(['ann manager'])
    await expect(removeMember(ann, 'bob')).rejects.toMatchObject({ code: 'not_found' })
    await expect(removeMember(ann, 'nobody')).rejects.toMatchObject({ code: 'not_found' })
    await expect(setMember(ann, 'nobody')).rejects.toMatchObject({
      code: 'invalid',
      field: 'account',
    })
  })

  it('keeps when a member came, whatever it becomes', async () => {
    await create()
    expect(await setMember(ann, 'bob', { nowMs: 30 })).toMatchObject({ added: true })
    const again = await setMember(ann, 'bob', { nowMs: 40, role: 'manager' })
    const member = { account: 'bob', role: 'manager', sinceMs: 30 }
    expect(again).toEqual({ added: false, member })
  })

  it('has a limit on members, and accounts one on groups', async () => {
    await create()
    await create(ann, 'second')
    await expect(create(ann, 'third')).rejects.toMatchObject({ code: 'conflict' })
    await create(bob, 'third')
    await create(bob, 'fourth')
    await expect(setMember(ann, 'bob')).rejects.toMatchObject({ code: 'conflict' })
    await setMember(ann, 'cid')
    const add = opened().groups.setMember(viewerOf(ann), {
      name: 'second',
      account: 'cid',
      role: 'member',
      membersMax: 1,
      groupsMax: 9,
    })
    await expect(add).rejects.toMatchObject({ code: 'conflict' })
  })

  it('passes to who has been in it for longest when its last manager is deleted', async () => {
    await create()
    await setMember(ann, 'cid', { nowMs: 30 })
    await setMember(ann, 'bob', { nowMs: 40 })
    await opened().accounts.delete({ accountId: ann.id, nowMs: 50 })
    expect(await membersFor(bob)).toEqual(['bob member', 'cid manager'])
  })

  it('is deleted with its last member, and its name is free again', async () => {
    await create()
    await opened().accounts.delete({ accountId: ann.id, nowMs: 50 })
    expect(await opened().groups.find(admin, 'staff')).toBeNull()
    await create(bob)
    expect(await membersFor(bob)).toEqual(['bob manager'])
  })
}
