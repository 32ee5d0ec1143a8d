import type { Database } from '../domain/database'

type Section = Exclude<keyof Database, 'ping' | 'close'>
type MethodsOf<S extends Section> = {
  [M in keyof Database[S] & string as `${S}.${M}`]: Database[S][M]
}

/** The methods of the `Database` interface by their dotted names: what crosses the socket to the writer. */
type Methods = UnionToIntersection<{ [S in Section]: MethodsOf<S> }[Section]> & {
  ping(): Promise<void>
}
type UnionToIntersection<U> = (U extends U ? (one: U) => void : never) extends (
  all: infer I,
) => void
  ? I
  : never

export type OperationName = keyof Methods
export type ArgumentsOf<N extends OperationName> = Parameters<Methods[N]>
/** JSON has no sets: they cross as arrays. */
export type ResultOf<N extends OperationName> = JsonOf<Awaited<ReturnType<Methods[N]>>>
type JsonOf<T> = T extends Set<infer U> ? U[] : T

/** The operations that only look. */
export const queryNames = [
  'accounts.find',
  'accounts.findByName',
  'accounts.count',
  'sessions.findWithAccount',
  'sessions.listByAccount',
  'files.find',
  'files.list',
  'versions.list',
  'versions.find',
  'trash.list',
  'files.browse',
  'files.info',
  'files.sum',
  'rights.ofFile',
  'rights.ofFolder',
  'links.find',
  'links.findManaged',
  'links.list',
  'contents.scattered',
  'uploads.find',
  'uploads.list',
  'uploads.draftsInUse',
  'groups.find',
  'groups.listOf',
  'grants.find',
  'grants.listAt',
  'grants.listOf',
  'grants.explain',
  'blobs.referenced',
  'blobs.known',
  'contentUses.list',
] as const satisfies readonly OperationName[]

export type QueryName = (typeof queryNames)[number]

/** The operations that change something. */
export const commandNames = [
  'accounts.create',
  'accounts.changePassword',
  'accounts.rehashPassword',
  'accounts.delete',
  'sessions.create',
  'sessions.touch',
  'sessions.delete',
  'sessions.deleteExpired',
  'files.commit',
  'files.delete',
  'files.bulk',
  'files.setMetadata',
  'versions.restore',
  'versions.delete',
  'versions.prune',
  'versions.pruneSurplus',
  'trash.restore',
  'trash.delete',
  'trash.empty',
  'trash.purge',
  'links.create',
  'links.change',
  'links.delete',
  'links.consume',
  'links.release',
  'links.guess',
  'links.absolve',
  'links.deleteExpired',
  'contents.compact',
  'uploads.begin',
  'uploads.acquire',
  'uploads.advance',
  'uploads.extend',
  'uploads.abandon',
  'uploads.terminate',
  'uploads.expire',
  'groups.create',
  'groups.delete',
  'groups.setMember',
  'groups.removeMember',
  'grants.set',
  'grants.change',
  'grants.delete',
  'grants.deleteExpired',
  'blobs.recordOrphan',
  'blobs.condemn',
  'blobs.forget',
  'blobs.adopt',
] as const satisfies readonly OperationName[]

export type CommandName = (typeof commandNames)[number]

type Unlisted = Exclude<OperationName, QueryName | CommandName | 'ping'>
/** A method of the interface that neither list has would not compile. */
export const allAreListed: [Unlisted] extends [never] ? true : Unlisted = true

type Records = Omit<Database, 'ping' | 'close'>

/** Makes the interface out of the one function that runs operations. */
export function recordsOf(
  call: (name: QueryName | CommandName, args: readonly unknown[]) => Promise<unknown>,
): Records {
  const sections: Record<string, Record<string, unknown>> = {}
  for (const name of [...queryNames, ...commandNames]) {
    const [section, method] = name.split('.') as [string, string]
    sections[section] ??= {}
    sections[section][method] = (...args: readonly unknown[]) => call(name, args)
  }
  const records = sections as unknown as Records
  const { referenced, known } = records.blobs
  records.blobs.referenced = async (sha256s) => new Set(await referenced(sha256s))
  records.blobs.known = async (sha256s) => new Set(await known(sha256s))
  const { draftsInUse } = records.uploads
  records.uploads.draftsInUse = async (names) => new Set(await draftsInUse(names))
  return records
}

export interface Operation {
  name: string
  args: readonly unknown[]
}

export type Outcome = { value: unknown } | { error: unknown }

/** One synchronous function per operation. It throws `AppError`, and then has changed nothing that stays. */
export type Handlers<N extends OperationName> = {
  [K in N]: (...args: ArgumentsOf<K>) => ResultOf<K>
}

/** The data as the writer process owns it. */
export interface Store {
  /**
   * Runs the operations in order, each whole or not at all, and returns once all effects are durable.
   * @returns null when another process holds the lock on the data: nothing was done, try again.
   * Throws when it is unknown what reached the disk; the store must then not be used again.
   */
  commit(operations: readonly Operation[]): Outcome[] | null
  /** Gives back what disk space the store holds beyond its data, as far as it can. Never throws. */
  reclaim(): void
  close(): void
}

export function invoke(handlers: Partial<Handlers<OperationName>>, operation: Operation): unknown {
  const { name, args } = operation
  if (!Object.hasOwn(handlers, name)) throw new Error(`The writer has no operation ${name}`)
  const handler = handlers[name as OperationName] as (...args: readonly unknown[]) => unknown
  return handler(...args)
}
