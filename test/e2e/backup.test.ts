import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathsOf } from '../../webserver/config/paths'
import { configSchema } from '../../webserver/config/schema'
import { BackupCommand, succeed } from '../support/backup/commands'
import { BusyFiles, sha256Of } from '../support/backup/busy-files'
import { inconsistenciesOf } from '../support/database/consistency'
import type { Kind } from '../support/database/scratch-database'
import { Client } from '../support/files/client'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

interface Summary {
  snapshot: {
    name: string
    manifest: { contents: { count: number }; database: { files: number } }
    copied: { newCount: number }
  }
  pruned: { snapshots: string[]; contents: number } | null
}

// Contents go soon after their last file: were they not held, a backup would miss some.
const files = { sweepIntervalMs: 1000, sweepAgeMs: 1000, trashKeptMs: 0, versionsKept: 2 }

/** A service at work, and what a test needs to back it up. */
class BusyService {
  readonly busy: BusyFiles

  private constructor(
    private readonly kind: Kind,
    private readonly home: string,
    readonly service: Service,
    private readonly client: Client,
  ) {
    this.busy = new BusyFiles(client)
  }

  static async start(kind: Kind): Promise<BusyService> {
    const home = mkdtempSync(join(tmpdir(), 'gristmill-backup-'))
    const models = { placed: Buffer.from('no model') }
    const service = await startService({ settings: settingsFor(kind), models })
    const client = await Client.first(service.url, service.firstAccountToken())
    return new BusyService(kind, home, service, client)
  }

  get target(): string {
    return join(this.home, 'target')
  }

  get arguments(): string[] {
    return ['backup', this.target, '--data', this.service.dataDirectory]
  }

  /** Looks into what was restored, serves it, and ends it. @returns the paths whose content is not what it was. */
  async differing(directory: string, kept: ReadonlyMap<string, string>): Promise<string[]> {
    const settings = settingsFor(this.kind)
    const config = configSchema.parse({ ...settings, data: { directory: join(directory, 'data') } })
    expect(inconsistenciesOf({ config, paths: pathsOf(config) })).toEqual([])
    const restored = await startService({ settings, directory })
    const session = this.client.onto(restored.url)
    const wrong: string[] = []
    try {
      for (const [path, sha256] of kept) {
        const { status, body } = await session.send({
          method: 'GET',
          path: `/v1/files/root/${path}`,
        })
        if (status !== 200 || sha256Of(body) !== sha256) wrong.push(path)
      }
      return wrong
    } finally {
      await restored.dispose()
    }
  }

  async dispose(): Promise<void> {
    await this.busy.stop()
    await this.service.dispose()
    rmSync(this.home, { recursive: true })
  }
}

const settingsFor = (kind: Kind) => ({
  files,
  database: { kind },
  cluster: { workers: kind === 'debug' ? 1 : 2 },
})
const newHome = () => mkdtempSync(join(tmpdir(), 'gristmill-test-'))

describe.each(['sqlite', 'debug'] as const)('a backup of a busy service, %s', (kind) => {
  let at: BusyService
  beforeEach(async () => {
    at = await BusyService.start(kind)
  })
  afterEach(() => at.dispose())

  test('has every file that was acknowledged before, three times over, and is restored elsewhere', async () => {
    const { busy, target } = at
    const summaries: Summary[] = []
    let before = new Map<string, string>()
    for (let round = 0; round < 3; round++) {
      const sizeBefore = busy.kept.size
      await waitUntil('there is more to back up', () => busy.kept.size >= sizeBefore + 20)
      before = new Map(busy.kept)
      summaries.push(await succeed<Summary>(...at.arguments, '--keep', '2'))
    }
    await busy.stop()
    expect(busy.unexpected).toEqual([])
    const [first, , last] = summaries
    expect(readdirSync(join(target, 'snapshots')).sort()).toEqual(
      summaries.slice(1).map(({ snapshot }) => snapshot.name),
    )
    expect(last!.pruned?.snapshots).toEqual([first!.snapshot.name])
    expect(last!.snapshot.copied.newCount).toBeLessThan(last!.snapshot.manifest.contents.count)
    expect(last!.snapshot.manifest.database.files).toBeGreaterThanOrEqual(before.size)
    requireSums(join(target, 'snapshots', last!.snapshot.name))

    const elsewhere = newHome()
    await succeed('restore', target, '--to', join(elsewhere, 'data'))
    expect(existsSync(join(elsewhere, 'data/models/placed/1/model.onnx'))).toBe(true)
    expect(await at.differing(elsewhere, before)).toEqual([])
  })
})

describe('a backup that is killed', () => {
  test('is run again, and then whole; and a restore likewise', async () => {
    const at = await BusyService.start('sqlite')
    try {
      const { busy, target } = at
      await waitUntil('there is something to back up', () => busy.kept.size >= 60)
      const before = new Map(busy.kept)
      for (const atContents of [1, 20, 50])
        await killWhen(new BackupCommand(...at.arguments), () => contentsIn(target) >= atContents)
      await busy.stop()
      const { snapshot } = await succeed<Summary>(...at.arguments)
      requireSums(join(target, 'snapshots', snapshot.name))

      const elsewhere = newHome()
      const restore = ['restore', target, '--to', join(elsewhere, 'data')]
      await killWhen(new BackupCommand(...restore), () => contentsIn(join(elsewhere, 'data')) > 20)
      await succeed(...restore)
      expect(await at.differing(elsewhere, before)).toEqual([])
    } finally {
      await at.dispose()
    }
  })
})

describe('a backup', () => {
  let home: string
  let target: string
  let service: Service

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'gristmill-backup-'))
    service = await startService({ settings: { files } })
    const client = await Client.first(service.url, service.firstAccountToken())
    for (const name of ['a', 'b', 'c'])
      await client.send({ method: 'PUT', path: `/v1/files/root/${name}`, body: `content ${name}` })
    await service.stop()
  })
  beforeEach(() => {
    target = mkdtempSync(join(home, 'target-'))
  })
  afterAll(async () => {
    await service.dispose()
    rmSync(home, { recursive: true })
  })

  const backUp = (...flags: string[]) =>
    new BackupCommand('backup', target, '--data', service.dataDirectory, ...flags).ended
  const blobOf = (content: string, directory = service.dataDirectory) => {
    const sha256 = sha256Of(Buffer.from(content))
    return join(directory, 'blobs', sha256.slice(0, 2), sha256)
  }

  test('tells of a content that is damaged in the data, and keeps the rest', async () => {
    const path = blobOf('content a')
    writeFileSync(path, 'damaged a')
    const { code, stderr } = await backUp()
    writeFileSync(path, 'content a')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('1 contents are missing or damaged') as string,
    })
    const restored = await new BackupCommand('restore', target, '--to', join(home, 'part')).ended
    expect(restored.code).toBe(1)
    expect(restored.stderr).toContain(sha256Of(Buffer.from('content a')))
    expect(existsSync(blobOf('content b', join(home, 'part')))).toBe(true)
  })

  test('reads the target again when asked, and mends it from the data', async () => {
    expect((await backUp()).code).toBe(0)
    writeFileSync(blobOf('content b', target), 'damaged b')
    unlinkSync(blobOf('content c', target))
    const { code, stderr } = await backUp('--verify')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('1 contents were damaged in the target') as string,
    })
    const to = join(home, 'mended')
    expect((await new BackupCommand('restore', target, '--to', to).ended).code).toBe(0)
    expect((await backUp('--verify')).code).toBe(0)
  })

  test('by links takes no space and is as whole', async () => {
    expect((await backUp('--link', '--verify')).code).toBe(0)
    const [name] = readdirSync(join(target, 'snapshots'))
    requireSums(join(target, 'snapshots', name!))
  })

  test.each([
    [
      'a target within the data',
      1,
      'must not be one within the other',
      () => ['backup', join(service.dataDirectory, 'b'), '--data', service.dataDirectory],
    ],
    [
      'no data',
      1,
      'There is no database in',
      () => ['backup', target, '--data', join(home, 'nothing')],
    ],
    ['an unknown flag', 2, 'did you mean --snapshot?', () => ['restore', target, '--snapsot', 'x']],
    ['a bare prune', 2, '--prune-only needs --keep', () => ['backup', target, '--prune-only']],
    ['a directory that is not empty', 1, 'is not empty', () => ['restore', target, '--to', home]],
    [
      'no such snapshot',
      1,
      'No snapshot begins with "1999"',
      () => ['restore', target, '--snapshot', '1999', '--to', join(home, 'x')],
    ],
  ])('refuses %s in a sentence', async (_what, code, sentence, args) => {
    if (args()[0] === 'restore') expect((await backUp()).code).toBe(0)
    const ended = await new BackupCommand(...args()).ended
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(sentence) as string })
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(
      code === 1 && sentence.startsWith('No snapshot') ? 2 : 1,
    )
  })
})

async function killWhen(command: BackupCommand, condition: () => boolean): Promise<void> {
  await waitUntil('it is copying', () => command.hasEnded || condition())
  command.kill()
  await command.ended
}

function contentsIn(directory: string): number {
  const blobs = join(directory, 'blobs')
  if (!existsSync(blobs)) return 0
  return readdirSync(blobs, { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
    .length
}

/** With nothing of ours. */
function requireSums(directory: string): void {
  const { status, stdout, stderr } = spawnSync('sha256sum', ['--quiet', '-c', 'SHA256SUMS'], {
    cwd: directory,
    encoding: 'utf8',
  })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
}
