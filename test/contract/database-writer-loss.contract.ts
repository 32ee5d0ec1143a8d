import type { Account } from '../../webserver/domain/account'
import type { Database } from '../../webserver/domain/database'
import { isAppError } from '../../webserver/domain/errors'
import { inconsistenciesOf } from '../support/database/consistency'
import { addAccount, commitOf, sha256Of, viewerOf } from '../support/database/fixtures'
import { ScratchDatabase, type Kind } from '../support/database/scratch-database'

const unavailable = { code: 'unavailable', retryAfterS: 1 }

export function writerLossContract(kind: Kind): void {
  let scratch: ScratchDatabase
  const begin = async (settings = {}) => {
    scratch = await ScratchDatabase.create(kind, settings)
    return scratch.open()
  }
  afterEach(() => scratch.destroy())

  it('keeps every acknowledged change, and no half one, through five kill -9 in mid-load', async () => {
    const database = await begin()
    await scratch.startWriter()
    const ann = await addAccount(database, 'ann', { quotaBytes: 1e12 })
    const load = new Load(database, ann)
    for (let round = 1; round <= 5; round++) {
      const running = load.run(round * 40)
      await load.busy
      await scratch.killWriter()
      await running
      expect(inconsistenciesOf(scratch)).toEqual([])
      await scratch.startWriter()
      await load.check()
    }
  })

  it('lets operations wait for a writer that is starting', async () => {
    const database = await begin()
    const asked = addAccount(database, 'ann')
    await scratch.startWriter()
    expect(await asked).toMatchObject({ name: 'ann' })
    await scratch.killWriter()
    await expect(database.ping()).rejects.toMatchObject(unavailable)
    const next = addAccount(database, 'bob')
    await scratch.startWriter()
    expect(await next).toMatchObject({ name: 'bob' })
  })

  it('says unavailable when no writer comes in time', async () => {
    const database = await begin({ commandTimeoutMs: 200 })
    await expect(addAccount(database, 'ann')).rejects.toMatchObject(unavailable)
    await expect(database.ping()).rejects.toMatchObject(unavailable)
  })

  it('says unavailable when the writer stands still', async () => {
    const database = await begin({ commandTimeoutMs: 500 })
    await scratch.startWriter()
    await addAccount(database, 'ann')
    scratch.freezeWriter()
    await expect(addAccount(database, 'bob')).rejects.toMatchObject(unavailable)
    await expect(database.ping()).rejects.toMatchObject(unavailable)
  })

  it('says unavailable to what was sent and never answered', async () => {
    const database = await begin({ commandTimeoutMs: 600_000 })
    await scratch.startWriter()
    await addAccount(database, 'first')
    scratch.freezeWriter()
    const asked = addAccount(database, 'ann')
    const pinged = database.ping()
    const refused = Promise.all([
      expect(asked).rejects.toMatchObject(unavailable),
      expect(pinged).rejects.toMatchObject(unavailable),
    ])
    await new Promise(setImmediate)
    await scratch.killWriter()
    await refused
  })

  it('says unavailable at once beyond the limit of what may wait', async () => {
    const database = await begin({ queueMax: 3 })
    const asked = ['a', 'b', 'c'].map((name) => addAccount(database, name))
    await expect(addAccount(database, 'd')).rejects.toMatchObject(unavailable)
    await scratch.startWriter()
    expect((await Promise.all(asked)).map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect(await addAccount(database, 'd')).toMatchObject({ name: 'd' })
  })

  it('bounds what waits in the writer, whoever sent it', async () => {
    const databases = [await begin({ queueMax: 4, batchMax: 1 })]
    for (let i = 1; i < 8; i++) databases.push(await scratch.open())
    await scratch.startWriter()
    // One after the other: together they would themselves exceed the limit where reads pass through the writer.
    for (const database of databases) await database.accounts.count()
    const asked = databases.flatMap((database, i) =>
      [0, 1, 2, 3].map((j) => addAccount(database, `a${i}${j}`)),
    )
    const ends = await Promise.allSettled(asked)
    const made = ends.filter(({ status }) => status === 'fulfilled').length
    expect(await databases[0]!.accounts.count()).toBe(made)
    for (const end of ends)
      if (end.status === 'rejected') expect(end.reason).toMatchObject(unavailable)
  })

  it('commits in pieces what exceeds one batch', async () => {
    const database = await begin({ batchMax: 2 })
    await scratch.startWriter()
    const names = Array.from({ length: 25 }, (_, i) => `a${i}`)
    await Promise.all(names.map((name) => addAccount(database, name)))
    expect(await database.accounts.count()).toBe(25)
  })

  it('answers what a draining writer has in hand, and nothing of it is lost', async () => {
    const database = await begin()
    await scratch.startWriter()
    await addAccount(database, 'first')
    const asked = Array.from({ length: 50 }, (_, i) => addAccount(database, `a${i}`))
    const ends = Promise.allSettled(asked)
    expect(await scratch.drainWriter()).toBe(0)
    await scratch.startWriter()
    const acknowledged = (await ends).filter(({ status }) => status === 'fulfilled').length
    expect(await database.accounts.count()).toBeGreaterThan(acknowledged)
  })

  it('refuses everything once it is closed', async () => {
    const database = await begin()
    const waiting = addAccount(database, 'ann')
    const refused = expect(waiting).rejects.toMatchObject({ code: 'unavailable' })
    await database.close()
    await refused
    await expect(addAccount(database, 'bob')).rejects.toMatchObject({ code: 'unavailable' })
  })
}

/** Eight loops that write, replace and delete files of their own until the writer is lost, and remember what they know. */
class Load {
  busy: Promise<void> = Promise.resolve()
  private acknowledged = 0
  private turn = 0
  /** Per path the contents it may have: one, or two when the last change was never answered. */
  private readonly possible = new Map<string, (string | null)[]>()

  constructor(
    private readonly database: Database,
    private readonly owner: Account,
  ) {}

  /** `busy` resolves after so many acknowledged changes. */
  async run(changes: number): Promise<void> {
    this.acknowledged = 0
    let announce: () => void
    this.busy = new Promise((resolve) => (announce = resolve))
    const loop = async (index: number) => {
      while (await this.change(`${index}/${this.turn++ % 50}`))
        if (++this.acknowledged >= changes) announce()
    }
    await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(loop))
  }

  async check(): Promise<void> {
    for (const [path, contents] of this.possible) {
      const file = await this.database.files.find(viewerOf(this.owner), { owner: 'ann', path })
      const sha256s = contents.map((content) => (content === null ? null : sha256Of(content)))
      expect(sha256s).toContain(file?.sha256 ?? null)
      const now = contents[sha256s.indexOf(file?.sha256 ?? null)]!
      this.possible.set(path, [now])
    }
  }

  /** @returns false when the change was not acknowledged. */
  private async change(path: string): Promise<boolean> {
    const [before] = this.possible.get(path) ?? [null]
    const after = before !== null && this.turn % 5 === 0 ? null : `content ${this.turn}`
    this.possible.set(path, [before ?? null, after])
    try {
      await this.write(path, after)
      this.possible.set(path, [after])
      return true
    } catch (error) {
      if (isAppError(error, 'unavailable')) return false
      throw error
    }
  }

  private async write(path: string, content: string | null): Promise<void> {
    const { files } = this.database
    if (content !== null) await files.commit(viewerOf(this.owner), commitOf('ann', path, content))
    else
      await files.delete(viewerOf(this.owner), {
        key: { owner: 'ann', path },
        condition: {},
        nowMs: 3000,
        toTrash: false,
      })
  }
}
