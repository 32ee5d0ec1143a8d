import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDiskBlobStore } from '../../webserver/blobs/disk/disk-blob-store'
import { noTiming } from '../../webserver/domain/timing'
import { blobStoreSuite, keep, listed, sha256Of } from '../support/files/blob-store-suite'

async function makePaths() {
  const directory = await mkdtemp(join(tmpdir(), 'gristmill-blobs-'))
  const [blobs, drafts, holds] = ['blobs', 'drafts', 'holds'].map((name) => join(directory, name))
  return { directory, blobs: blobs!, drafts: drafts!, holds: holds! }
}

blobStoreSuite('disk', async () => {
  const paths = await makePaths()
  return {
    store: await openDiskBlobStore(paths),
    openAnother: () => openDiskBlobStore(paths),
    close: () => rm(paths.directory, { recursive: true }),
  }
})

describe('the disk blob store on its disk', () => {
  let paths: Awaited<ReturnType<typeof makePaths>>

  beforeEach(async () => {
    paths = await makePaths()
  })
  afterEach(() => rm(paths.directory, { recursive: true }))

  test('drafts and blobs are for the owner alone', async () => {
    const store = await openDiskBlobStore(paths)
    const draft = await store.createDraft(noTiming)
    const [name] = await readdir(paths.drafts)
    expect((await stat(join(paths.drafts, name!))).mode & 0o777).toBe(0o600)
    const { sha256 } = await draft.seal()
    await draft.publish()
    await draft.discard()
    expect((await stat(join(paths.blobs, store.location(sha256)))).mode & 0o777).toBe(0o600)
    expect((await stat(paths.blobs)).mode & 0o777).toBe(0o700)
  })

  test('a blob lies where its location says', async () => {
    const store = await openDiskBlobStore(paths)
    await keep(store, Buffer.from('content'))
    const path = join(paths.blobs, store.location(sha256Of(Buffer.from('content'))))
    expect(await readFile(path, 'utf8')).toBe('content')
  })

  test('a damaged blob of the same digest is reported, not replaced or referred to', async () => {
    const store = await openDiskBlobStore(paths)
    await keep(store, Buffer.from('content'))
    const path = join(paths.blobs, store.location(sha256Of(Buffer.from('content'))))
    await writeFile(path, 'con')
    await expect(keep(store, Buffer.from('content'))).rejects.toMatchObject({ code: 'internal' })
    expect(await readFile(path, 'utf8')).toBe('con')
    expect(await readdir(paths.drafts)).toEqual([])
  })

  test('a listing that cannot be whole throws', async () => {
    const store = await openDiskBlobStore(paths)
    await writeFile(join(paths.blobs, 'stray'), '')
    await expect(listed(store)).rejects.toThrow()
  })

  test('a second store on the same directories finds what the first kept', async () => {
    await keep(await openDiskBlobStore(paths), Buffer.from('content'))
    const another = await openDiskBlobStore(paths)
    expect(await listed(another)).toEqual([sha256Of(Buffer.from('content'))])
  })

  test('drafts on another file system are refused at the start', async () => {
    const elsewhere = join('/dev/shm', `gristmill-${process.pid}`)
    await mkdir(elsewhere)
    try {
      const opening = openDiskBlobStore({ ...paths, drafts: elsewhere })
      await expect(opening).rejects.toThrow('must be on one file system')
    } finally {
      await rm(elsewhere, { recursive: true })
    }
  })
})
