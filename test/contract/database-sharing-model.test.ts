import fc from 'fast-check'
import { viewerOf, type Account, type Viewer } from '../../webserver/domain/account'
import type { Database } from '../../webserver/domain/database'
import { isAppError } from '../../webserver/domain/errors'
import type { Place } from '../../webserver/domain/file'
import { accountNamed, commitOf } from '../support/database/fixtures'
import { ScratchDatabase, type Kind } from '../support/database/scratch-database'
import { SharingModel, type ModelRight } from '../support/database/sharing-model'

const names = ['ann', 'bob', 'cid'] as const
const paths = ['a', 'a/b', 'a/b/c', 'ab', 'ab/c', 'A/b'] as const
const folders = ['/', 'a/', 'a/b/', 'ab/'] as const
const runs = 12

const name = fc.constantFrom(...names)
const path = fc.constantFrom(...paths)
const group = fc.constantFrom('g1', 'g2')
const role = fc.constantFrom('manager' as const, 'member' as const)
const to = fc.oneof(
  name.map((whom) => `account:${whom}`),
  group.map((which) => `group:${which}`),
)
const step = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(fc.constant('put' as const), name, name, path) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant('remove' as const), name, name, path, fc.boolean()),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(
      fc.constant('set' as const),
      name,
      name,
      fc.oneof(path, fc.constantFrom(...folders)),
      to,
      fc.constantFrom<ModelRight>('view', 'edit', 'manage'),
      fc.option(fc.integer({ min: 1, max: 6 }), { nil: null }),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant('revoke' as const), name, fc.nat(50)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('join' as const), name, group, name, role) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('leave' as const), name, group, name) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('sweep' as const)) },
)
type SetStep = [
  'set',
  who: string,
  owner: string,
  at: string,
  to: string,
  right: ModelRight,
  lastsMs: number | null,
]
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Asks the same of the database and of the model, which must agree on what is refused and on who may do what then. */
class Run {
  private readonly model = new SharingModel()
  private readonly accounts = new Map<string, Account>()
  private made = 0

  constructor(
    private readonly database: Database,
    /** Names are of this run only. */
    private readonly prefix: string,
  ) {}

  async begin(): Promise<void> {
    for (const who of names)
      this.accounts.set(who, await this.database.accounts.create(accountNamed(this.prefix + who)))
    for (const [index, which] of ['g1', 'g2'].entries()) {
      const accountId = this.accounts.get(names[index]!)!.id
      const id = this.prefix + which
      await this.database.groups.create({ id, name: id, accountId, nowMs: 1000, groupsMax: 9 })
      this.model.groups.set(which, new Map([[names[index]!, 'manager']]))
    }
  }

  async end(): Promise<void> {
    for (const { id } of this.accounts.values())
      await this.database.accounts.delete({ accountId: id, nowMs: this.model.nowMs })
  }

  /** @returns how many rights were compared. */
  async take(one: Step): Promise<number> {
    this.model.nowMs++
    const { model } = this
    const [expected, asked] = this.both(one)
    expect([one, await outcomeOf(asked)]).toEqual([one, expected])
    const cells = names.flatMap((who) =>
      names.flatMap((owner) => paths.map((at) => ({ who, owner, at }))),
    )
    const held = await Promise.all(
      cells.map(({ who, owner, at }) =>
        this.database.rights.ofFile(this.viewer(who), { owner: this.prefix + owner, path: at }),
      ),
    )
    expect([one, held]).toEqual([
      one,
      cells.map(({ who, owner, at }) => model.right(who, owner, at)),
    ])
    await this.compareReading()
    return cells.length
  }

  /** Files and listings carry the same predicate. */
  private async compareReading(): Promise<void> {
    for (const who of names)
      for (const owner of names) {
        const found = await Promise.all(
          paths.map((at) =>
            this.database.files.find(this.viewer(who), { owner: this.prefix + owner, path: at }),
          ),
        )
        const seen = paths.filter(
          (at) => this.model.files.has(`${owner}/${at}`) && this.model.right(who, owner, at),
        )
        expect(found.filter((file) => file !== null).map((file) => file.path)).toEqual(seen)
      }
  }

  private viewer(who: string): Viewer {
    const { id, name: known } = this.accounts.get(who)!
    const caller = { accountId: id, name: known, role: 'member', sessionId: '' } as const
    return viewerOf(caller, this.model.nowMs)
  }

  private both(one: Step): [expected: string, asked: () => Promise<unknown>] {
    const { database, model, prefix } = this
    const id = `${prefix}${this.made++}`
    switch (one[0]) {
      case 'put': {
        const [, who, owner, at] = one
        const commit = commitOf(prefix + owner, at, 'content', { id, nowMs: model.nowMs })
        return [
          model.put(who, owner, at, id),
          () => database.files.commit(this.viewer(who), commit),
        ]
      }
      case 'remove': {
        const [, who, owner, at, forGood] = one
        const key = { owner: prefix + owner, path: at }
        const args = { key, condition: {}, nowMs: model.nowMs, toTrash: !forGood }
        return [
          model.remove(who, owner, at, forGood),
          () => database.files.delete(this.viewer(who), args),
        ]
      }
      case 'set':
        return this.setting(one, id)
      case 'revoke': {
        const [, who, index] = one
        const grantId = model.grants.at(index % Math.max(1, model.grants.length))?.id ?? 'none'
        return [
          model.revoke(who, grantId),
          () => database.grants.delete(this.viewer(who), { id: grantId }),
        ]
      }
      case 'join': {
        const [, who, which, whom, as] = one
        const args = { name: prefix + which, account: prefix + whom, role: as }
        return [
          model.join(who, which, whom, as),
          () =>
            database.groups.setMember(this.viewer(who), { ...args, membersMax: 9, groupsMax: 9 }),
        ]
      }
      case 'leave': {
        const [, who, which, whom] = one
        const args = { name: prefix + which, account: prefix + whom }
        return [
          model.leave(who, which, whom),
          () => database.groups.removeMember(this.viewer(who), args),
        ]
      }
      case 'sweep':
        return ['ok', () => database.grants.deleteExpired({ nowMs: model.nowMs, limit: 99 })]
    }
  }

  private setting(
    [, who, owner, at, whom, right, lastsMs]: SetStep,
    id: string,
  ): [string, () => Promise<unknown>] {
    const { database, model, prefix } = this
    const expiresAtMs = lastsMs === null ? null : model.nowMs + lastsMs
    const [kind, granteeName] = whom.split(':') as ['account' | 'group', string]
    const place: Place = at.endsWith('/')
      ? { owner: prefix + owner, folder: at.slice(0, -1) }
      : { owner: prefix + owner, path: at }
    const grantee =
      kind === 'account' ? { account: prefix + granteeName } : { group: prefix + granteeName }
    const limits = { perPlaceMax: 99, perOwnerMax: 999 }
    const endMs = expiresAtMs ?? Infinity
    return [
      model.set(who, owner, at, { id, to: whom, right, endMs }),
      () =>
        database.grants.set(this.viewer(who), {
          ...{ id, place, to: grantee, right, expiresAtMs },
          ...limits,
        }),
    ]
  }
}

async function outcomeOf(ask: () => Promise<unknown>): Promise<string> {
  try {
    await ask()
    return 'ok'
  } catch (error) {
    if (!isAppError(error)) throw error
    return error.code
  }
}

describe.each<Kind>(['sqlite', 'debug'])('who may do what, in %s', (kind) => {
  it('is what a model of a few lines says, after any sequence of operations', async () => {
    const scratch = await ScratchDatabase.create(kind)
    let compared = 0
    try {
      await scratch.startWriter()
      const database = await scratch.open()
      let count = 0
      const check = fc.asyncProperty(
        fc.array(step, { minLength: 25, maxLength: 50 }),
        async (steps) => {
          const run = new Run(database, `r${++count}-`)
          await run.begin()
          for (const one of steps) compared += await run.take(one)
          await run.end()
        },
      )
      await fc.assert(check, { numRuns: runs })
    } finally {
      await scratch.destroy()
    }
    expect(compared).toBeGreaterThan(10_000)
  })
})
