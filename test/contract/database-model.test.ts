import * as fc from 'fast-check'
import type { Database } from '../../webserver/domain/database'
import { isAppError } from '../../webserver/domain/errors'
import { accountNamed, commitOf, sessionOf, sha256Of } from '../support/database/fixtures'
import { inconsistenciesOf } from '../support/database/consistency'
import { browsing } from '../support/database/browse-steps'
import { bulkSteps } from '../support/database/bulk-steps'
import { linkSteps } from '../support/database/link-steps'
import {
  name,
  sessionId,
  path,
  content,
  limit,
  version,
  age,
  epoch,
  viewer,
  anyone,
  key,
  condition,
  type Step,
} from '../support/database/model-values'
import { ScratchDatabase, type Kind } from '../support/database/scratch-database'

/**
 * Any sequence of operations has the same answers from both databases, each batch of them sent at once. They were
 * written apart, so that a mistake would have to be made twice.
 */
const accountSteps: fc.Arbitrary<Step>[] = [
  fc.tuple(name, fc.boolean(), fc.boolean()).map(([id, isAdmin, onlyIfFirst]): Step => {
    const role = isAdmin ? 'admin' : 'member'
    const args = accountNamed(id, { id, role, onlyIfFirst, quotaBytes: 70 })
    return ({ accounts }, nowMs) => accounts.create({ ...args, nowMs })
  }),
  name.map(
    (accountId): Step =>
      ({ accounts }, nowMs) =>
        accounts.delete({ accountId, nowMs }),
  ),
  fc.tuple(name, epoch, fc.option(sessionId)).map(
    ([accountId, ifAuthEpoch, keepSessionId]): Step =>
      ({ accounts }) =>
        accounts.changePassword({ accountId, ifAuthEpoch, passwordHash: 'new', keepSessionId }),
  ),
  name.map(
    (accountId): Step =>
      ({ accounts }) =>
        accounts.rehashPassword({ accountId, ifPasswordHash: 'new', passwordHash: 'newer' }),
  ),
]

const sessionSteps: fc.Arbitrary<Step>[] = [
  fc.tuple(sessionId, name, epoch, limit).map(([id, accountId, authEpoch, perAccountMax]): Step => {
    return ({ sessions }, nowMs) => {
      const times = { createdAtMs: nowMs, lastSeenAtMs: nowMs, expiresAtMs: nowMs + 30 }
      const session = sessionOf({ id: accountId, authEpoch }, { id, ...times })
      return sessions.create({ session, perAccountMax })
    }
  }),
  fc.tuple(sessionId, age).map(
    ([id, ageMs]): Step =>
      ({ sessions }, nowMs) =>
        sessions.touch({ sessionId: id, nowMs: nowMs - ageMs }),
  ),
  fc.tuple(sessionId, name).map(
    ([id, accountId]): Step =>
      ({ sessions }) =>
        sessions.delete({ sessionId: id, accountId }),
  ),
  age.map(
    (ageMs): Step =>
      ({ sessions }, nowMs) =>
        sessions.deleteExpired({ nowMs, seenBeforeMs: nowMs - ageMs, limit: 100 }),
  ),
]

const fileSteps: fc.Arbitrary<Step>[] = [
  fc
    .tuple(
      fc.tuple(anyone, fc.boolean()),
      ...[key, content, condition, fc.boolean(), fc.integer({ min: 0, max: 2 })],
    )
    .map(
      ([[who, numberWhenTaken], { owner, path: at }, text, only, linked, versionsKept]): Step => {
        const rest = {
          condition: only,
          versionsKept,
          numberWhenTaken,
          ...(linked ? {} : { linked: [] }),
        }
        const args = commitOf(owner, at, text, rest)
        return ({ files }, nowMs) =>
          files.commit(who, { ...args, id: `${owner}${at}${nowMs}`, nowMs })
      },
    ),
  fc.tuple(viewer, key, condition, fc.boolean()).map(
    ([who, at, only, toTrash]): Step =>
      ({ files }, nowMs) =>
        files.delete(who, { key: at, condition: only, nowMs, toTrash }),
  ),
  content.map(
    (text): Step =>
      ({ blobs }, nowMs) =>
        blobs.recordOrphan({ sha256: sha256Of(text), nowMs }),
  ),
  content.map(
    (text): Step =>
      ({ blobs }, nowMs) =>
        blobs.recordOrphan({ sha256: sha256Of(text), nowMs }),
  ),
  // Only whole sets: which of equally old ones a limit leaves over is not promised.
  age.map(
    (ageMs): Step =>
      async ({ blobs }, nowMs) =>
        (await blobs.condemn({ beforeMs: nowMs - ageMs, nowMs, limit: 100 })).sort(),
  ),
  age.map(
    (ageMs): Step =>
      ({ blobs }, nowMs) =>
        blobs.forget({ beforeMs: nowMs - ageMs, limit: 100 }),
  ),
]

/** Of each database, what was last deleted when the batch before this one had ended. */
const lastDeleted = new WeakMap<Database, string[]>()
const which = fc.nat({ max: 2 })

async function lookAtTrash(database: Database): Promise<unknown> {
  const everyone = { accountId: '', name: '', seesAll: true, linkId: null, nowMs: 0 }
  const listOf = (owner: string) => database.trash.list(everyone, { owner, after: null, limit: 2 })
  const all = (await Promise.all(['ann', 'bob', 'cid'].map(listOf))).flat()
  lastDeleted.set(
    database,
    all.map(({ id }) => id),
  )
  return all
}

const trashedId = (database: Database, index: number) =>
  lastDeleted.get(database)?.[index] ?? 'no such'

const versionsOf = (owner: string) => ({ key: { owner, path: 'a' }, before: null, limit: 4 })

const keepingSteps: fc.Arbitrary<Step>[] = [
  fc.tuple(viewer, key, version, condition, fc.integer({ min: 0, max: 2 })).map(
    ([who, at, number, only, versionsKept]): Step =>
      ({ versions }, nowMs) =>
        versions.restore(who, { key: at, version: number, condition: only, nowMs, versionsKept }),
  ),
  fc.tuple(viewer, key, version).map(
    ([who, at, number]): Step =>
      ({ versions }, nowMs) =>
        versions.delete(who, { key: at, version: number, nowMs }),
  ),
  age.map(
    (ageMs): Step =>
      ({ versions }, nowMs) =>
        versions.prune({ replacedBeforeMs: nowMs - ageMs, nowMs, limit: 100 }),
  ),
  fc.integer({ min: 0, max: 2 }).map((versionsKept): Step => async ({ versions }, nowMs) => {
    const args = { versionsKept, nowMs, afterFileId: '', limit: 100 }
    return (await versions.pruneSurplus(args)).dropped
  }),
  fc
    .tuple(viewer, which, fc.option(path), fc.boolean(), fc.boolean())
    .map(([who, index, to, overwrite, toTrash]): Step => {
      return (database, nowMs) => {
        const id = trashedId(database, index)
        return database.trash.restore(who, { id, path: to, overwrite, toTrash, nowMs })
      }
    }),
  fc.tuple(viewer, which).map(
    ([who, index]): Step =>
      (database, nowMs) =>
        database.trash.delete(who, { id: trashedId(database, index), nowMs }),
  ),
  fc.tuple(viewer, name, age).map(
    ([who, owner, ageMs]): Step =>
      ({ trash }, nowMs) =>
        trash.empty(who, { owner, deletedUntilMs: nowMs - ageMs, nowMs, limit: 100 }),
  ),
  age.map(
    (ageMs): Step =>
      ({ trash }, nowMs) =>
        trash.purge({ deletedBeforeMs: nowMs - ageMs, nowMs, limit: 100 }),
  ),
]

const look = fc
  .tuple(anyone, fc.option(name), fc.constantFrom('', 'a', 'a/', '\uff21'), fc.option(key), limit)
  .map(([who, owner, prefix, after, max]): Step => async (database) => [
    await database.files.list(who, { owner, prefix, after, limit: max }),
    await Promise.all(
      ['a', 'a/b'].map((at) => database.files.find(who, { owner: 'ann', path: at })),
    ),
    await Promise.all(['l1', 'l2', 'l3'].map((id) => database.links.find(id))),
    await database.links.list(who, { owner: 'ann', path: null, folder: null, limit: max }),
    await database.accounts.count(),
    await lookAtTrash(database),
    await Promise.all(['ann', 'bob'].map((of) => database.versions.list(who, versionsOf(of)))),
    await Promise.all(['ann', 'bob', 'cid'].map((id) => database.accounts.find(id))),
    await Promise.all(['ann', 'bob'].map((id) => database.sessions.listByAccount(id))),
    await Promise.all(['s1', 's2', 's3'].map((id) => database.sessions.findWithAccount(id))),
  ])

const batches = fc.array(
  fc.record({
    commands: fc.array(
      fc.oneof(
        { weight: 2, arbitrary: fc.oneof(...accountSteps) },
        { weight: 2, arbitrary: fc.oneof(...sessionSteps) },
        { weight: 4, arbitrary: fc.oneof(...fileSteps) },
        { weight: 2, arbitrary: fc.oneof(...keepingSteps) },
        { weight: 2, arbitrary: fc.oneof(...linkSteps) },
        { weight: 2, arbitrary: fc.oneof(...bulkSteps) },
      ),
      { minLength: 1, maxLength: 8 },
    ),
    look,
    browses: fc.array(browsing, { minLength: 2, maxLength: 2 }),
  }),
  { minLength: 10, maxLength: 20 },
)

it('gives the same answers to any sequence of operations from both databases', async () => {
  const check = fc.asyncProperty(batches, async (steps) => {
    const [ofSqlite, ofDebug] = [await answers('sqlite', steps), await answers('debug', steps)]
    expect(ofSqlite).toEqual(ofDebug)
  })
  await fc.assert(check, { numRuns: 8, endOnFailure: true })
})

type Batches = typeof batches extends fc.Arbitrary<infer T> ? T : never

async function answers(kind: Kind, steps: Batches): Promise<unknown[]> {
  const scratch = await ScratchDatabase.create(kind)
  try {
    await scratch.startWriter()
    const all = await answersOf(await scratch.open(), steps)
    await scratch.drainWriter()
    expect(inconsistenciesOf(scratch)).toEqual([])
    return all
  } finally {
    await scratch.destroy()
  }
}

async function answersOf(database: Database, steps: Batches): Promise<unknown[]> {
  const all: unknown[] = []
  for (const [index, { commands, look: read, browses }] of steps.entries()) {
    const nowMs = 1000 + index * 10
    all.push(await Promise.all(commands.map((step, i) => answerOf(step(database, nowMs + i)))))
    all.push(await read(database, nowMs))
    all.push(await Promise.all(browses.map((step) => answerOf(step(database, nowMs)))))
  }
  return all
}

async function answerOf(operation: Promise<unknown>): Promise<unknown> {
  try {
    return await operation
  } catch (error) {
    if (!isAppError(error)) throw error
    return { code: error.code, message: error.message, field: error.field }
  }
}
