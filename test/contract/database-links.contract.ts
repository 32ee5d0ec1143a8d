import type { Viewer } from '../../webserver/domain/account'
import type { Database } from '../../webserver/domain/database'
import type { LinkUse } from '../../webserver/domain/link'
import { addAccount, admin, commitOf, linkOf, viewerOf } from '../support/database/fixtures'

const policy = { failuresMax: 3, windowMs: 1000, lockMs: 100, lockMsMax: 350 }

export function linksContract(opened: () => Database): void {
  const put = async (owner: string, path: string, by: Viewer = admin) =>
    (await opened().files.commit(by, commitOf(owner, path, 'hello'))).file
  const visitor = (linkId: string, nowMs = 2000): Viewer => ({
    ...{ accountId: null, name: null, seesAll: false },
    linkId,
    nowMs,
  })
  const add = async (by: Viewer, ...args: Parameters<typeof linkOf>) =>
    opened().links.create(by, linkOf(...args))
  const use = (id: string, rest: Partial<LinkUse> = {}) =>
    opened().links.consume({
      ...{ id, nowMs: 2000, client: 'c', etag: '"e"', continues: false, windowMs: 1000 },
      ...rest,
    })

  describe('managing', () => {
    it('makes a link to a file and finds it again, wherever the file is', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const file = await put('ann', 'a/b')
      const stated = linkOf({ owner: 'ann', path: 'a/b' }, { label: 'für ☃', usesMax: 3 })
      const made = await opened().links.create(ann, stated)

      const { target: _, perOwnerMax: __, ...rest } = stated
      expect(made).toEqual({
        ...rest,
        ...{ owner: 'ann', fileId: file.id, path: 'a/b', folder: null },
        ...{ passwordFailures: 0, lockedUntilMs: 0, uses: 0, createdBy: 'ann', createdAtMs: 2000 },
      })
      expect(await opened().links.find(made.id)).toEqual(made)
      expect(await opened().links.find('nothing')).toBeNull()
      const key = { owner: 'ann', path: 'a/b' }
      await opened().files.delete(ann, { key, condition: {}, nowMs: 2000, toTrash: true })
      expect(await opened().links.find(made.id)).toMatchObject({ fileId: file.id, path: null })
    })

    it('takes no target that is not there or not managed', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const bob = viewerOf(await addAccount(opened(), 'bob'))
      await put('ann', 'a')
      const notFound = { code: 'not_found' }
      await expect(add(ann, { owner: 'ann', path: 'b' })).rejects.toMatchObject(notFound)
      await expect(add(ann, { owner: 'nobody', folder: '' })).rejects.toMatchObject(notFound)
      await expect(add(bob, { owner: 'ann', path: 'a' })).rejects.toMatchObject(notFound)
      await expect(add(bob, { owner: 'ann', folder: '' })).rejects.toMatchObject(notFound)
      expect(await add(ann, { owner: 'ann', folder: 'to/come' })).toMatchObject({
        ...{ fileId: null, path: null, folder: 'to/come' },
      })
    })

    it('holds the number of links of one owner, however many are made at once', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const asked = Array.from({ length: 10 }, () =>
        add(ann, { owner: 'ann', folder: '' }, { perOwnerMax: 4 }),
      )
      const ends = await Promise.allSettled(asked)
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
    })

    it('lists what the viewer may manage, newest first', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const bob = viewerOf(await addAccount(opened(), 'bob'))
      await put('ann', 'a')
      const first = await add({ ...ann, nowMs: 1 }, { owner: 'ann', path: 'a' })
      const second = await add({ ...ann, nowMs: 2 }, { owner: 'ann', folder: 'f' })
      const third = await add({ ...ann, nowMs: 3 }, { owner: 'ann', folder: '' })
      const all = { owner: 'ann', path: null, folder: null, limit: 9 }
      const { links } = opened()

      expect(await links.list(ann, all)).toEqual([third, second, first])
      expect(await links.list(ann, { ...all, limit: 2 })).toEqual([third, second])
      expect(await links.list(ann, { ...all, path: 'a' })).toEqual([first])
      expect(await links.list(ann, { ...all, folder: 'f' })).toEqual([second])
      expect(await links.list(ann, { ...all, owner: null })).toEqual([third, second, first])
      expect(await links.list(bob, all)).toEqual([])
      expect(await links.list(bob, { ...all, owner: null })).toEqual([])
      expect(await links.findManaged(bob, first.id)).toBeNull()
      expect(await links.findManaged(ann, first.id)).toEqual(first)
      expect(await links.findManaged(visitor(third.id), third.id)).toBeNull()
    })

    it('changes what is stated, for who may manage it', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const bob = viewerOf(await addAccount(opened(), 'bob'))
      const made = await add(ann, { owner: 'ann', folder: '' }, { usesMax: 2, label: 'old' })
      const { links } = opened()
      const change = (viewer: Viewer, changes: object) =>
        links.change(viewer, { id: made.id, changes })

      expect(await change(ann, { label: 'new' })).toEqual({ ...made, label: 'new' })
      expect(await change(ann, { usesMax: null, expiresAtMs: 7 })).toEqual({
        ...made,
        ...{ label: 'new', usesMax: null, expiresAtMs: 7 },
      })
      await expect(change(bob, { label: '' })).rejects.toMatchObject({ code: 'not_found' })
      await expect(links.delete(bob, { id: made.id })).rejects.toMatchObject({ code: 'not_found' })
      await links.delete(ann, { id: made.id })
      expect(await links.find(made.id)).toBeNull()
      await expect(links.delete(ann, { id: made.id })).rejects.toMatchObject({ code: 'not_found' })
    })

    it('goes with its file when that is gone for good, and with its maker', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      // The last admin cannot be deleted.
      await addAccount(opened(), 'keeper', { role: 'admin' })
      const bob = await addAccount(opened(), 'bob', { role: 'admin' })
      await put('ann', 'a')
      const toFile = await add(ann, { owner: 'ann', path: 'a' })
      const byBob = await add({ ...viewerOf(bob), seesAll: true }, { owner: 'ann', folder: '' })
      const key = { owner: 'ann', path: 'a' }
      await opened().files.delete(ann, { key, condition: {}, nowMs: 1, toTrash: false })
      expect(await opened().links.find(toFile.id)).toBeNull()
      await opened().accounts.delete({ accountId: bob.id, nowMs: 1 })
      expect(await opened().links.find(byBob.id)).toBeNull()
    })

    it('deletes what has long expired, so many at a time', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const everything = { owner: 'ann', folder: '' }
      for (const expiresAtMs of [10, 20, 30, null]) await add(ann, everything, { expiresAtMs })
      const sweep = (limit: number) => opened().links.deleteExpired({ beforeMs: 30, limit })
      expect([await sweep(1), await sweep(9), await sweep(9)]).toEqual([1, 1, 0])
      const left = await opened().links.list(ann, {
        ...{ owner: 'ann', path: null, folder: null, limit: 9 },
      })
      expect(left.map(({ expiresAtMs }) => expiresAtMs).sort()).toEqual([30, null])
    })
  })

  describe('rights', () => {
    it('of a view link reach its target and nothing else, until it expires', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      await put('ann', 'f/a')
      await put('ann', 'fa')
      const link = await add(ann, { owner: 'ann', folder: 'f' }, { expiresAtMs: 3000 })
      const { rights, files } = opened()
      const at = (path: string, nowMs = 2999) =>
        rights.ofFile(visitor(link.id, nowMs), { owner: 'ann', path })

      expect([await at('f/a'), await at('f/to/come'), await at('fa'), await at('f')]).toEqual([
        ...['view', 'view', null, null],
      ])
      expect(await at('f/a', 3000)).toBeNull()
      const viewer = visitor(link.id)
      expect(await rights.ofFolder(viewer, { owner: 'ann', folder: 'f/g' })).toBe('view')
      expect(await rights.ofFolder(viewer, { owner: 'ann', folder: '' })).toBeNull()
      const commit = commitOf('ann', 'f/new', 'x')
      await expect(files.commit(viewer, commit)).rejects.toMatchObject({ code: 'forbidden' })
    })

    it('of an upload link put new files, see none and replace none', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      await put('ann', 'f/a')
      const link = await add(ann, { owner: 'ann', folder: 'f' }, { mode: 'upload' })
      const { files } = opened()
      const viewer = visitor(link.id)
      const send = (path: string) => files.commit(viewer, commitOf('ann', path, 'x'))

      expect((await send('f/new')).created).toBe(true)
      await expect(send('f/a')).rejects.toMatchObject({ code: 'not_found' })
      await expect(send('g')).rejects.toMatchObject({ code: 'not_found' })
      expect(await files.find(viewer, { owner: 'ann', path: 'f/new' })).toBeNull()
      await opened().links.delete(ann, { id: link.id })
      await expect(send('f/newer')).rejects.toMatchObject({ code: 'not_found' })
    })

    it('number a file whose name is taken, many at once', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const link = await add(ann, { owner: 'ann', folder: 'f' }, { mode: 'upload' })
      const commit = () => commitOf('ann', 'f/a.txt', 'x', { numberWhenTaken: true })
      const sent = Array.from({ length: 9 }, () =>
        opened().files.commit(visitor(link.id), commit()),
      )
      const paths = (await Promise.all(sent)).map(({ file }) => file.path)
      const numbers = Array.from({ length: 8 }, (_, i) => `f/a (${i + 2}).txt`)
      expect(paths.sort()).toEqual([...numbers, 'f/a.txt'].sort())
    })
  })

  describe('uses', () => {
    it('are taken exactly as often as there are, however many ask at once', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const { id } = await add(ann, { owner: 'ann', folder: '' }, { usesMax: 7 })
      const ends = await Promise.allSettled(Array.from({ length: 50 }, () => use(id)))
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(7)
      const refused = ends.filter((end) => end.status === 'rejected')
      for (const end of refused) expect(end.reason).toMatchObject({ code: 'gone' })
      await opened().links.release({ id })
      await use(id)
      await expect(use(id)).rejects.toMatchObject({ code: 'gone' })
      await expect(use('nothing')).rejects.toMatchObject({ code: 'not_found' })
    })

    it('are continued by the same client with the same content for a while', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const { id } = await add(ann, { owner: 'ann', folder: '' }, { usesMax: 1 })
      const gone = { code: 'gone' }
      await use(id)
      await use(id, { continues: true, nowMs: 2999 })
      await expect(use(id, { continues: true, client: 'd' })).rejects.toMatchObject(gone)
      await expect(use(id, { continues: true, etag: '"f"' })).rejects.toMatchObject(gone)
      await expect(use(id, { continues: true, nowMs: 3000 })).rejects.toMatchObject(gone)
      expect(await opened().links.find(id)).toMatchObject({ uses: 1 })
    })

    it('that continue nothing count', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const { id } = await add(ann, { owner: 'ann', folder: '' }, { usesMax: 2 })
      await use(id, { continues: true })
      expect(await opened().links.find(id)).toMatchObject({ uses: 1 })
    })

    it('of a link without a number are not counted', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const { id } = await add(ann, { owner: 'ann', folder: '' })
      await Promise.all([use(id), use(id), opened().links.release({ id })])
      expect(await opened().links.find(id)).toMatchObject({ uses: 0 })
    })
  })

  describe('guesses', () => {
    const guess = (id: string, nowMs: number) => opened().links.guess({ id, nowMs, policy })
    const locked = (retryAfterS: number) => ({ code: 'rate_limited', retryAfterS })

    it('lock a link when there are too many, even all at once', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const { id } = await add(ann, { owner: 'ann', folder: '' })
      const ends = await Promise.allSettled(Array.from({ length: 20 }, () => guess(id, 5000)))
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
      await expect(guess(id, 5099)).rejects.toMatchObject(locked(1))
    })

    it('lock it twice as long each time, up to a limit, and are forgotten in the end', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const { id } = await add(ann, { owner: 'ann', folder: '' })
      const lockedFor = async () => (await opened().links.find(id))!.lockedUntilMs
      for (const nowMs of [1, 2, 3]) await guess(id, nowMs)
      expect(await lockedFor()).toBe(103)
      await guess(id, 103)
      expect(await lockedFor()).toBe(303)
      await guess(id, 303)
      expect(await lockedFor()).toBe(653)
      await guess(id, 1653)
      expect(await opened().links.find(id)).toMatchObject({ passwordFailures: 1 })
    })

    it('that were right do not count, nor bring a lock', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const { id } = await add(ann, { owner: 'ann', folder: '' })
      for (const nowMs of [1, 2, 3]) await guess(id, nowMs)
      await opened().links.absolve({ id, nowMs: 4, policy })
      await guess(id, 5)
      await expect(guess(id, 6)).rejects.toMatchObject({ code: 'rate_limited' })
      await opened().links.absolve({ id: 'nothing', nowMs: 4, policy })
    })

    it('are forgotten when a manager changes the password or unlocks', async () => {
      const ann = viewerOf(await addAccount(opened(), 'ann'))
      const { id } = await add(ann, { owner: 'ann', folder: '' })
      for (const changes of [{ unlock: true }, { passwordHash: 'new' }, { passwordHash: null }]) {
        for (const nowMs of [1, 2, 3]) await guess(id, nowMs)
        const changed = await opened().links.change(ann, { id, changes })
        expect(changed).toMatchObject({ passwordFailures: 0, lockedUntilMs: 0 })
      }
    })
  })
}
