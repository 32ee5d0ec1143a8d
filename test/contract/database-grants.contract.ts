import type { Account, Viewer } from '../../webserver/domain/account'
import type { Database } from '../../webserver/domain/database'
import type { Place } from '../../webserver/domain/file'
import type { GrantSetting } from '../../webserver/domain/grant'
import { addAccount, admin, commitOf, viewerOf } from '../support/database/fixtures'

const file: Place = { owner: 'ann', path: 'a/b/file' }
const folder: Place = { owner: 'ann', folder: 'a' }
const toBob = { account: 'bob' }

export function grantsContract(opened: () => Database): void {
  let ann: Account
  let bob: Account
  let cid: Account
  beforeEach(async () => {
    ann = await addAccount(opened(), 'ann')
    bob = await addAccount(opened(), 'bob')
    cid = await addAccount(opened(), 'cid')
    await put('a/b/file')
  })
  let ids = 0
  const put = (path: string, rest = {}) =>
    opened().files.commit(viewerOf(ann), commitOf('ann', path, 'content', rest))
  const set = (by: Viewer, rest: Partial<GrantSetting> = {}) =>
    opened().grants.set(by, {
      id: `grant-${ids++}`,
      place: file,
      to: toBob,
      right: 'view',
      expiresAtMs: null,
      perPlaceMax: 9,
      perOwnerMax: 9,
      ...rest,
    })
  const idOf = async (setting: ReturnType<typeof set>) => (await setting).grant.id
  const remove = (by: Account, id: string) => opened().grants.delete(viewerOf(by), { id })
  const rightOf = (account: Account, path = 'a/b/file') =>
    opened().rights.ofFile(viewerOf(account), { owner: 'ann', path })
  const staff = async (...members: Account[]) => {
    const group = { id: 'staff-id', name: 'staff', accountId: members[0]!.id, nowMs: 1 }
    await opened().groups.create({ ...group, groupsMax: 9 })
    for (const { name } of members.slice(1))
      await opened().groups.setMember(viewerOf(members[0]!), {
        name: 'staff',
        account: name,
        role: 'member',
        membersMax: 9,
        groupsMax: 9,
      })
    return { group: 'staff' }
  }

  it('gives a right, changes it when it is given again, and takes it away', async () => {
    const first = await set(viewerOf(ann))
    expect(first).toEqual({
      created: true,
      grant: {
        id: first.grant.id,
        place: file,
        to: toBob,
        members: null,
        right: 'view',
        expiresAtMs: null,
        createdBy: 'ann',
        createdAtMs: 2000,
      },
    })
    expect(await rightOf(bob)).toBe('view')
    const second = await set(viewerOf(ann), { right: 'edit', expiresAtMs: 9000 })
    expect(second).toEqual({
      created: false,
      grant: { ...first.grant, right: 'edit', expiresAtMs: 9000 },
    })
    expect(await rightOf(bob)).toBe('edit')
    await remove(ann, first.grant.id)
    expect(await rightOf(bob)).toBeNull()
  })

  it('is for all below a folder and nothing beside it, whether or not it is there', async () => {
    await set(viewerOf(ann), { place: folder, right: 'edit' })
    expect(await rightOf(bob, 'a/new')).toBe('edit')
    for (const path of ['a', 'ab', 'ab/c', 'A/b', 'b']) expect(await rightOf(bob, path)).toBeNull()
  })

  it('counts the highest of several, and by a group as long as one is in it', async () => {
    const to = await staff(ann, bob)
    await set(viewerOf(ann), { place: folder })
    await set(viewerOf(ann), { to, right: 'manage' })
    expect(await rightOf(bob)).toBe('manage')
    expect(await rightOf(cid)).toBeNull()
    await opened().groups.removeMember(viewerOf(ann), { name: 'staff', account: 'bob' })
    expect(await rightOf(bob)).toBe('view')
  })

  it('counts until just before it expires, and makes room when it is swept', async () => {
    const id = await idOf(set(viewerOf(ann), { expiresAtMs: 2001 }))
    expect(await rightOf(bob)).toBe('view')
    const later = { ...viewerOf(bob), nowMs: 2001 }
    expect(await opened().rights.ofFile(later, { owner: 'ann', path: 'a/b/file' })).toBeNull()
    expect(await opened().grants.find({ ...viewerOf(ann), nowMs: 2001 }, id)).toBeNull()
    expect(await opened().grants.deleteExpired({ nowMs: 2000, limit: 9 })).toBe(0)
    expect(await opened().grants.deleteExpired({ nowMs: 2001, limit: 9 })).toBe(1)
    expect(await set({ ...viewerOf(ann), nowMs: 2001 })).toMatchObject({ created: true })
  })

  it('refuses what makes no sense', async () => {
    await staff(cid)
    for (const to of [{ account: 'nobody' }, { account: 'ann' }, { group: 'staff' }])
      await expect(set(viewerOf(ann), { to })).rejects.toMatchObject({
        code: 'invalid',
        field: 'to',
      })
    const nowhere = { place: { owner: 'ann', path: 'none' } }
    await expect(set(viewerOf(ann), nowhere)).rejects.toMatchObject({ code: 'not_found' })
    const ofNobody = { place: { owner: 'nobody', folder: '' } }
    await expect(set(admin, ofNobody)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('has limits for one place and for one owner', async () => {
    await set(viewerOf(ann))
    const more = { to: { account: 'cid' }, perPlaceMax: 1 }
    await expect(set(viewerOf(ann), more)).rejects.toMatchObject({ code: 'conflict' })
    const elsewhere = { place: folder, perOwnerMax: 1 }
    await expect(set(viewerOf(ann), elsewhere)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('lets a manager give what they hold, for as long, and not to themselves', async () => {
    await set(viewerOf(ann), { place: folder, right: 'manage', expiresAtMs: 5000 })
    const toCid = { to: { account: 'cid' }, right: 'manage' as const }
    await expect(set(viewerOf(bob), toCid)).rejects.toMatchObject({ field: 'expiresAt' })
    const id = await idOf(set(viewerOf(bob), { ...toCid, expiresAtMs: 5000 }))
    expect(await rightOf(cid)).toBe('manage')
    await expect(set(viewerOf(bob))).rejects.toMatchObject({ code: 'invalid', field: 'to' })
    const longer = opened().grants.change(viewerOf(bob), { id, expiresAtMs: 5001 })
    await expect(longer).rejects.toMatchObject({ field: 'expiresAt' })
    const own = opened().grants.change(viewerOf(cid), { id, right: 'view' })
    await expect(own).rejects.toMatchObject({ code: 'forbidden' })
    const outside = { ...toCid, place: { owner: 'ann', folder: '' }, expiresAtMs: 5000 }
    await expect(set(viewerOf(bob), outside)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('is ended by who manages the place and by the grantee, and unknown to others', async () => {
    const id = await idOf(set(viewerOf(ann)))
    await expect(remove(cid, id)).rejects.toMatchObject({ code: 'not_found' })
    await remove(bob, id)
    await expect(remove(ann, id)).rejects.toMatchObject({ code: 'not_found' })
    const to = await staff(bob, cid)
    const ofGroup = await idOf(set(admin, { to }))
    await expect(remove(cid, ofGroup)).rejects.toMatchObject({ code: 'forbidden' })
    await remove(bob, ofGroup)
    expect(await rightOf(cid)).toBeNull()
  })

  it('lists what applies at a place, oldest first, page by page, to who manages it', async () => {
    const inherited = await set({ ...viewerOf(ann), nowMs: 2100 }, { place: folder })
    const direct = await set({ ...viewerOf(ann), nowMs: 2050 }, { to: { account: 'cid' } })
    const args = { place: file, after: null, limit: 1 }
    const first = await opened().grants.listAt(viewerOf(ann), args)
    expect(first).toEqual([direct.grant])
    const second = await opened().grants.listAt(viewerOf(ann), { ...args, after: first[0]! })
    expect(second).toEqual([inherited.grant])
    expect(await opened().grants.listAt(viewerOf(bob), args)).toEqual([])
  })

  it('lists what is shared with somebody, by owner and path, but not their own', async () => {
    const to = await staff(ann, bob)
    await put('c')
    const grants = [
      await set(viewerOf(ann), { place: folder }),
      await set(viewerOf(ann)),
      await set(viewerOf(ann), { place: { owner: 'ann', path: 'c' }, to }),
    ].map(({ grant }) => grant)
    const all = { after: null, limit: 9 }
    expect(await opened().grants.listOf(viewerOf(bob), all)).toEqual(grants)
    expect(await opened().grants.listOf(viewerOf(ann), all)).toEqual([])
    const after = { owner: 'ann', path: 'a', id: grants[0]!.id }
    const rest = await opened().grants.listOf(viewerOf(bob), { after, limit: 1 })
    expect(rest).toEqual([grants[1]])
  })

  it('explains all to who manages, and to others what they have themselves', async () => {
    const toCid = await set(viewerOf(ann), { to: { account: 'cid' } })
    const toGroup = await set(viewerOf(ann), { place: folder, to: await staff(ann, bob) })
    const ask = (viewer: Viewer) => opened().grants.explain(viewer, { place: file, limit: 9 })
    expect(await ask(viewerOf(bob))).toEqual({
      right: 'view',
      isOwner: false,
      own: [{ ...toGroup.grant, members: 2 }],
      all: null,
    })
    expect(await ask(viewerOf(ann))).toMatchObject({ right: 'manage', isOwner: true })
    const all = (await ask(admin))!.all!.grants.map(({ id }) => id)
    expect(all.sort()).toEqual([toCid.grant.id, toGroup.grant.id].sort())
    const elsewhere = { place: { owner: 'ann', folder: '' }, limit: 9 }
    expect(await opened().grants.explain(viewerOf(bob), elsewhere)).toBeNull()
  })

  it('lets who may edit delete what can be brought back, and only who manages for good', async () => {
    await set(viewerOf(ann), { right: 'edit' })
    const key = { owner: 'ann', path: 'a/b/file' }
    const args = { key, condition: {}, nowMs: 2000, toTrash: false, isPermanent: true }
    const forGood = opened().files.delete(viewerOf(bob), args)
    await expect(forGood).rejects.toMatchObject({ code: 'forbidden' })
    await opened().files.delete(viewerOf(bob), { ...args, toTrash: true, isPermanent: false })
  })

  it('goes with a file into the trash and for good', async () => {
    const id = await idOf(set(viewerOf(ann)))
    const key = { owner: 'ann', path: 'a/b/file' }
    const args = { key, condition: {}, nowMs: 3000 }
    await opened().files.delete(viewerOf(ann), { ...args, toTrash: true })
    expect(await rightOf(bob)).toBeNull()
    expect(await opened().grants.find(viewerOf(bob), id)).toBeNull()
    await put('a/b/file')
    expect(await rightOf(bob)).toBeNull()
    await set(viewerOf(ann))
    await opened().files.delete(viewerOf(ann), { ...args, toTrash: false })
    await put('a/b/file')
    expect(await rightOf(bob)).toBeNull()
  })

  it('goes with its group, its grantee and its owner', async () => {
    const to = await staff(ann, cid)
    await set(viewerOf(ann), { to })
    await set(viewerOf(ann))
    await opened().groups.delete(viewerOf(ann), { name: 'staff' })
    expect(await rightOf(cid)).toBeNull()
    await opened().accounts.delete({ accountId: bob.id, nowMs: 3000 })
    const args = { place: file, after: null, limit: 9 }
    expect(await opened().grants.listAt(viewerOf(ann), args)).toEqual([])
  })
}
