import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import Sqlite from 'better-sqlite3'
import { openDiskBlobStore } from '../../webserver/blobs/disk/disk-blob-store'
import type { BlobStore } from '../../webserver/domain/blob-store'
import { wholeBlob } from '../../webserver/domain/content'
import type { Database } from '../../webserver/domain/database'
import { noTiming } from '../../webserver/domain/timing'
import { addAccount, admin, commitOf } from '../support/database/fixtures'
import { ScratchDatabase } from '../support/database/scratch-database'
import { keep, listed, sha256Of } from '../support/files/blob-store-suite'
import { inconsistenciesOf } from '../support/database/consistency'

const program = resolve(__dirname, '../../dist/webserver/doctor/main.js')

interface Finding {
  check: string
  level: string
  message: string
}

type Document = Record<'accounts' | 'files' | 'blobs' | 'versions', Record<string, unknown>[]>

describe.each(['sqlite', 'debug'] as const)('the doctor, with the %s database', (kind) => {
  let scratch: ScratchDatabase
  let database: Database
  let blobs: BlobStore
  const contents = Array.from({ length: 4 }, (_, index) => randomBytes(10 + index))

  beforeEach(async () => {
    scratch = await ScratchDatabase.create(kind)
    blobs = await openDiskBlobStore(scratch.paths)
    await scratch.startWriter()
    database = await scratch.open()
    await addAccount(database, 'ann')
    for (const [index, content] of contents.entries()) await put(`file-${index}`, content)
    await put('file-0', randomBytes(9))
    await scratch.drainWriter()
    chmodSync(scratch.paths.data, 0o700)
  })
  afterEach(() => scratch.destroy())

  async function put(path: string, content: Buffer): Promise<void> {
    await keep(blobs, content)
    const sha256 = sha256Of(content)
    const whole = wholeBlob(sha256, content.length)
    const rest = { ...whole, linked: [sha256], versionsKept: 5 }
    await database.files.commit(admin, commitOf('ann', path, '', rest))
  }

  function run(...options: string[]): Promise<{ code: number; findings: Finding[] }> {
    const { data } = scratch.paths
    const settings = ['--data', data, `--database-kind=${kind}`, '--database-reserve-bytes=0']
    const free = ['--files-free-bytes-min=0', '--cluster-workers=1']
    return new Promise((done, fail) => {
      const argv = [program, ...settings, ...free, '--json', ...options]
      execFile(process.execPath, argv, (error, stdout, stderr) => {
        if (stderr !== '') fail(new Error(stderr))
        else done({ code: Number(error?.code ?? 0), findings: JSON.parse(stdout) as Finding[] })
      })
    })
  }

  /** What is not fine, by the name of its check. */
  async function problems(...options: string[]): Promise<Record<string, string>> {
    const { findings } = await run(...options)
    const wrong = findings.filter(({ level }) => level !== 'ok')
    return Object.fromEntries(wrong.map(({ check, level }) => [check, level]))
  }

  /** Damages the records past every check of the service. */
  function damage(statement: string, change: (document: Document) => void): void {
    if (kind === 'sqlite') {
      const connection = new Sqlite(join(scratch.paths.database, 'gristmill.sqlite'))
      connection.pragma('foreign_keys = OFF')
      connection.exec(statement)
      connection.close()
      return
    }
    const path = join(scratch.paths.database, 'database.json')
    const document = JSON.parse(readFileSync(path, 'utf8')) as Document
    change(document)
    writeFileSync(path, JSON.stringify(document))
  }

  const blobPath = (content: Buffer) => join(scratch.paths.blobs, blobs.location(sha256Of(content)))

  test('finds nothing where nothing is wrong', async () => {
    expect(await run('--digests')).toMatchObject({ code: 0 })
    expect(await problems('--digests')).toEqual({})
  })

  test('finds books that do not balance, and recounts them', async () => {
    damage('UPDATE accounts SET used_bytes = used_bytes + 7; UPDATE blobs SET refs = 5', (all) => {
      for (const account of all.accounts) account['usedBytes'] = 7
      for (const blob of all.blobs) blob['refs'] = 5
    })
    expect(await problems()).toEqual({ 'account books': 'fail', 'blob books': 'fail' })
    expect((await run()).code).toBe(1)
    expect(await run('--repair')).toMatchObject({ code: 0 })
    expect(await problems()).toEqual({})
    expect(inconsistenciesOf(scratch)).toEqual([])
  })

  test('finds versions of no file, and rows that refer to none', async () => {
    damage(
      `UPDATE file_versions SET version = 9;
      UPDATE files SET owner_id = 'nobody' WHERE path = 'file-3'`,
      (all) => {
        for (const version of all.versions) version['version'] = 9
        for (const file of all.files) if (file['path'] === 'file-3') file['ownerId'] = 'nobody'
      },
    )
    expect(await problems('--repair')).toMatchObject({ versions: 'fail', database: 'fail' })
  })

  test('finds contents that are gone, cut or changed, and touches no record of them', async () => {
    await blobs.remove(sha256Of(contents[1]!))
    writeFileSync(blobPath(contents[2]!), 'cut')
    const path = blobPath(contents[3]!)
    chmodSync(path, 0o600)
    writeFileSync(path, Buffer.alloc(contents[3]!.length))
    const { code, findings } = await run('--digests', '--repair')

    expect(code).toBe(1)
    const { message } = findings.find(({ level }) => level === 'fail')!
    for (const name of ['file-1', 'file-2', 'file-3']) expect(message).toContain(`ann/${name} `)
    expect(message).not.toContain('file-0 ')
    expect(await problems('--digests')).toEqual({ contents: 'fail' })
  })

  test('finds blobs and drafts that nothing refers to, and removes them', async () => {
    const strange = randomBytes(20)
    await keep(blobs, strange)
    const draft = await blobs.createDraft(noTiming)
    await draft.write(randomBytes(5))
    for (const name of readdirSync(scratch.paths.drafts))
      await utimes(join(scratch.paths.drafts, name), 1, 1)
    // Beside a running service what is young may be in hand.
    expect(await problems()).toEqual({ drafts: 'warn' })
    expect(await problems('--files-sweep-age-ms=1000', '--repair')).toEqual({
      blobs: 'repaired',
      drafts: 'repaired',
    })
    expect(await listed(blobs)).not.toContain(sha256Of(strange))
    expect(await problems('--digests')).toEqual({})
    await draft.discard()
  })

  test('finds what lies among the blobs and is none, and places that others can read', async () => {
    writeFileSync(join(scratch.paths.blobs, '00', 'notes.txt'), 'by hand')
    chmodSync(scratch.paths.blobs, 0o755)
    expect(await problems('--repair')).toEqual({ 'foreign files': 'warn', permissions: 'fail' })
  })
})
