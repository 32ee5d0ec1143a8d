import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BackupCommand } from '../support/backup/commands'
import { Client } from '../support/files/client'
import { startService, type Service } from '../support/service/start-service'

/** A file system in memory with room for so much; making one takes root. */
function mountSmall(directory: string, options: string): void {
  mkdirSync(directory)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `${options},mode=0700`, 'tmpfs', directory])
}

describe('a backup to a target that is full', () => {
  let home: string
  let target: string
  let service: Service
  let client: Client

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'gristmill-backup-'))
    target = join(home, 'target')
    service = await startService({ settings: { cluster: { workers: 1 } } })
    client = await Client.first(service.url, service.firstAccountToken())
    await put('first', 1000)
  })
  afterEach(async () => {
    execFileSync('umount', ['--lazy', target])
    await service.dispose()
    rmSync(home, { recursive: true })
  })

  const put = (name: string, bytes: number) =>
    client.send({ method: 'PUT', path: `/v1/files/root/${name}`, body: Buffer.alloc(bytes, name) })
  const backUp = () => new BackupCommand('backup', target, '--data', service.dataDirectory).ended
  const snapshots = () =>
    readdirSync(join(target, 'snapshots')).filter((name) => name.endsWith('Z'))

  async function requireIntact(): Promise<void> {
    expect(snapshots()).toHaveLength(1)
    const to = join(home, 'restored')
    expect((await new BackupCommand('restore', target, '--to', to).ended).code).toBe(0)
  }

  test('says beforehand how much is missing', async () => {
    mountSmall(target, 'size=8m')
    expect((await backUp()).code).toBe(0)
    await put('large', 9_000_000)
    const { code, stderr } = await backUp()
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/free and this snapshot needs 9\.0 MB more/) as string,
    })
    await requireIntact()
  })

  test('and says so when it fills up midway', async () => {
    // Room for bytes, not for names: 256 directories, one snapshot, and a little.
    mountSmall(target, 'size=64m,nr_inodes=300')
    expect((await backUp()).code).toBe(0)
    for (let index = 0; index < 40; index++) await put(`more-${index}`, 10 + index)
    const { code, stderr } = await backUp()
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('The target is full') as string,
    })
    await requireIntact()
  })
})
