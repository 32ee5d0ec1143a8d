import type { Account } from '../../webserver/domain/account'
import type { Database } from '../../webserver/domain/database'
import { infoEtagOf, type MetadataChange } from '../../webserver/domain/file-info'
import { bulkOf, operation } from '../support/database/bulk-requests'
import { addAccount, admin, commitOf, viewerOf } from '../support/database/fixtures'

const limits = {
  metadataEntriesMax: 2,
  metadataNameBytesMax: 9,
  metadataValueBytesMax: 9,
  metadataBytesMax: 12,
}

export function infoContract(opened: () => Database): void {
  let ann: Account
  let bob: Account
  beforeEach(async () => {
    ann = await addAccount(opened(), 'ann')
    bob = await addAccount(opened(), 'bob')
  })
  const put = async (path: string, content: string, rest = {}) =>
    (await opened().files.commit(viewerOf(ann), commitOf('ann', path, content, rest))).file
  const key = { owner: 'ann', path: 'a' }
  const note = (
    metadata: MetadataChange['metadata'],
    rest: Partial<MetadataChange> = {},
    who = ann,
  ) =>
    opened().files.setMetadata(viewerOf(who), {
      ...{ key, contentType: null, metadata, condition: {}, limits },
      ...rest,
    })

  it('merges metadata, and changes nothing else but the content type', async () => {
    const file = await put('a', 'hello')
    await note({ x: '1', y: '2' })
    const noted = await note({ x: null, z: '3' }, { contentType: 'text/x' })
    const metadata = { y: '2', z: '3' }
    expect(noted).toEqual({ ...file, metadata, contentType: 'text/x', metaVersion: 3 })
    expect(await opened().files.find(viewerOf(ann), key)).toEqual(noted)
    expect(await put('a', 'again')).toMatchObject({ metadata, version: 2, metaVersion: 3 })
  })

  it('keeps metadata in a copy, a move, and the trash', async () => {
    await put('a', 'hello')
    await note({ x: '1' })
    const { files, trash } = opened()
    await files.bulk(
      admin,
      bulkOf([operation('copy', 'ann:a', 'bob:c'), operation('move', 'ann:a', 'ann:b')]),
    )
    const metadata = { x: '1' }
    expect(await files.find(admin, { owner: 'bob', path: 'c' })).toMatchObject({ metadata })
    expect(await files.find(admin, { owner: 'ann', path: 'b' })).toMatchObject({ metadata })
    await files.bulk(admin, bulkOf([operation('delete', 'ann:b')]))
    const [trashed] = await trash.list(admin, { owner: 'ann', after: null, limit: 1 })
    expect(trashed).toMatchObject({ metadata })
  })

  it('holds the condition against all that is known of the file', async () => {
    const first = await put('a', 'hello')
    const condition = { ifMatch: [infoEtagOf(first)] }
    const second = await note({ x: '1' }, { condition })
    const failed = { code: 'precondition_failed' }
    await expect(note({ x: '2' }, { condition })).rejects.toMatchObject(failed)
    await put('a', 'again')
    const stale = { condition: { ifMatch: [infoEtagOf(second)] } }
    await expect(note({ x: '2' }, stale)).rejects.toMatchObject(failed)
  })

  it('bounds what a file has in all', async () => {
    await put('a', 'hello')
    await note({ x: '1', y: '2' })
    for (const metadata of [{ z: '3' }, { x: '1234567890+' }])
      await expect(note(metadata)).rejects.toMatchObject({ code: 'too_large', field: 'metadata' })
    await note({ x: null, z: '3' })
  })

  it('answers not_found to who may not know the file', async () => {
    const refused = { code: 'not_found' }
    await expect(note({ x: '1' })).rejects.toMatchObject(refused)
    await put('a', 'hello')
    await expect(note({ x: '1' }, {}, bob)).rejects.toMatchObject(refused)
    expect(await opened().files.info(viewerOf(bob), key)).toBeNull()
    const below = { owner: 'ann', folder: '', after: null, limit: 9 }
    expect(await opened().files.sum(viewerOf(bob), below)).toBeNull()
  })

  it('knows a file with its earlier versions, and who may do what', async () => {
    await put('a', 'one')
    const file = await put('a', 'two', { versionsKept: 5 })
    const info = { file, earlierVersions: 1, right: 'manage' }
    expect(await opened().files.info(viewerOf(ann), key)).toEqual(info)
  })

  it('sums up folders, piece by piece', async () => {
    const sizes = { 'f/1': 1, 'f/g/2': 2, 'f/\u{1f33e}': 3, f: 4, f0: 5 }
    for (const [path, size] of Object.entries(sizes))
      await put(path, 'x'.repeat(size), { nowMs: size * 10 })
    const sum = (folder: string, after: string | null, limit: number) =>
      opened().files.sum(viewerOf(ann), { owner: 'ann', folder, after, limit })
    expect(await sum('f', null, 9)).toEqual({ files: 3, sizeBytes: 6, newestMs: 30, last: null })
    expect(await sum('f', null, 2)).toEqual({ files: 2, sizeBytes: 3, newestMs: 20, last: 'f/g/2' })
    expect(await sum('f', 'f/g/2', 2)).toMatchObject({ files: 1, sizeBytes: 3, last: null })
    expect(await sum('', null, 9)).toMatchObject({ files: 5, sizeBytes: 15 })
    expect(await sum('no', null, 9)).toEqual({ files: 0, sizeBytes: 0, newestMs: null, last: null })
  })
}
