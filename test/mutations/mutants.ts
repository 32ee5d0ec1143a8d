/** A way to break the program that the tests must notice. */
export interface Mutant {
  name: string
  edits: readonly Edit[]
  suite: SuiteName
  /** That the data stay safe without this check is what is claimed of it: the suite must pass. */
  mustSurvive?: boolean
}

/** `find` occurs once in the file. */
interface Edit {
  file: string
  find: string
  replace: string
}

type SuiteName = keyof typeof suites

/** What jest runs. `data` looks only at what callers learn and change, not at what status they are answered. */
export const suites = {
  contract: ['--selectProjects', 'contract', '--testPathPatterns', 'database-sqlite'],
  debug: ['--selectProjects', 'contract', '--testPathPatterns', 'database-debug', '-t', 'grants'],
  model: ['--selectProjects', 'contract', '--testPathPatterns', 'database-sharing-model'],
  authorisation: ['--selectProjects', 'http', '--testPathPatterns', 'http/authorisation.test'],
  data: ['--selectProjects', 'http', '--testPathPatterns', 'http/authorisation.test'],
} as const satisfies Record<string, readonly string[]>

const sqlite = (file: string) => `webserver/database/sqlite/${file}.ts`
const debug = (file: string) => `webserver/database/debug/${file}.ts`

const noServiceCheck: Edit = {
  file: 'webserver/services/access.ts',
  find: 'function refuseUnless(held: Right | null, needed: Right): void {\n',
  replace:
    'function refuseUnless(held: Right | null, needed: Right): void {\n  if (needed !== undefined) return\n',
}

const noPredicate: Edit[] = [
  {
    file: sqlite('rights'),
    find: '    requireRight(this.ofFile(viewer, target), needed)\n',
    replace: '    void requireRight\n',
  },
  {
    file: sqlite('files'),
    find: "return allows(held, 'view') ? fileOf(row) : null",
    replace: 'return fileOf(row)',
  },
]

export const mutants: readonly Mutant[] = [
  {
    name: "the services' check is gone: the database refuses by itself",
    edits: [noServiceCheck],
    suite: 'data',
    mustSurvive: true,
  },
  {
    name: "the services' check is gone: callers are told wrong",
    edits: [noServiceCheck],
    suite: 'authorisation',
  },
  {
    name: "the statements' predicate is gone: the services refuse by themselves",
    edits: noPredicate,
    suite: 'data',
    mustSurvive: true,
  },
  {
    name: "the statements' predicate is gone: it is missed by the contract",
    edits: noPredicate,
    suite: 'contract',
  },
  { name: 'both are gone', edits: [noServiceCheck, ...noPredicate], suite: 'data' },
  {
    name: 'everybody may manage everything',
    edits: [
      {
        file: sqlite('rights'),
        find: 'return seesAll || accountId === ownerId',
        replace: "return seesAll || accountId !== ''",
      },
    ],
    suite: 'model',
  },
  {
    name: 'grants count only after they have expired',
    edits: [
      {
        file: sqlite('rights'),
        find: 'expires_at_ms > :nowMs)',
        replace: 'expires_at_ms <= :nowMs)',
      },
    ],
    suite: 'model',
  },
  {
    name: 'a grant counts in the millisecond in which it ends',
    edits: [
      {
        file: sqlite('rights'),
        find: 'expires_at_ms > :nowMs)',
        replace: 'expires_at_ms >= :nowMs)',
      },
    ],
    suite: 'model',
  },
  {
    name: "a group's grant is everybody's",
    edits: [
      {
        file: sqlite('rights'),
        find: 'SELECT group_id FROM group_members WHERE account_id = :accountId))`',
        replace: "SELECT group_id FROM group_members WHERE account_id <> ''))`",
      },
    ],
    suite: 'model',
  },
  {
    name: 'a folder is whatever begins with its name',
    edits: [
      {
        file: sqlite('rights'),
        find: 'folder IN (SELECT value FROM json_each(:folders)))',
        replace: "instr(:folders, '\"' || folder) > 0)",
      },
    ],
    suite: 'contract',
  },
  {
    name: 'in JSON files: grants never expire',
    edits: [
      {
        file: debug('rights'),
        find: 'expiresAtMs <= nowMs',
        replace: 'expiresAtMs <= -nowMs',
      },
    ],
    suite: 'debug',
  },
  {
    name: 'a grant is known to everybody',
    edits: [
      {
        file: sqlite('grant-queries'),
        find: "return isTo || allows(rights.over(viewer, coveredBy(row)), 'manage') ? row : null",
        replace: 'return isTo ? row : row',
      },
    ],
    suite: 'contract',
  },
  {
    name: 'a manager gives what outlasts their own right',
    edits: [
      {
        file: 'webserver/database/share-rules.ts',
        find: '  if (end === null || (expiresAtMs',
        replace: '  if (end !== 0 || (expiresAtMs',
      },
    ],
    suite: 'contract',
  },
  {
    name: 'one grants to oneself',
    edits: [
      {
        file: 'webserver/database/share-rules.ts',
        find: 'if (accountId === viewerId) throw',
        replace: "if (accountId === '') throw",
      },
    ],
    suite: 'contract',
  },
  {
    name: 'the last manager leaves',
    edits: [
      {
        file: sqlite('groups'),
        find: 'if (managers.get(groupId)! <= 1) throw',
        replace: 'if (managers.get(groupId)! < 0) throw',
      },
    ],
    suite: 'contract',
  },
  {
    name: 'a group is left without a manager',
    edits: [
      {
        file: sqlite('groups'),
        find: 'else promote.run({ groupId })',
        replace: 'else void promote',
      },
    ],
    suite: 'contract',
  },
  {
    name: 'the quota is not looked at',
    edits: [
      {
        file: sqlite('account-bytes'),
        find: 'if (this.roomOf(ownerId) >= 0) return',
        replace: 'if (this.roomOf(ownerId) > -Infinity) return',
      },
    ],
    suite: 'contract',
  },
  {
    name: 'conditions always hold',
    edits: [
      {
        file: 'webserver/database/file-rules.ts',
        find: 'if (conditionHolds(condition, current?.etag ?? null)) return',
        replace: 'if (conditionHolds({}, current?.etag ?? null)) return',
      },
    ],
    suite: 'contract',
  },
]
