/**
 * What somebody may do with a file or all below a folder. `add`: make files that are not there, seeing nothing (who comes
 * by an upload link). `view`: see and read. `edit`: also change, make and delete. `manage`: also share.
 */
export type Right = 'add' | 'view' | 'edit' | 'manage'

/** Those that can be granted to an account or a group. Each includes the ones before it. */
export const grantableRights = ['view', 'edit', 'manage'] as const satisfies readonly Right[]

const ranks = { add: 0, view: 1, edit: 2, manage: 3 } as const satisfies Record<Right, number>

export function allows(held: Right | null, needed: Right): boolean {
  if (held === null) return false
  if (needed === 'add') return held === 'add' || ranks[held] >= ranks.edit
  return ranks[held] >= ranks[needed]
}

export function highestOf(held: readonly Right[]): Right | null {
  return held.reduce<Right | null>(
    (best, right) => (best === null || ranks[right] > ranks[best] ? right : best),
    null,
  )
}

/** The folders that hold a path, outermost first; `''` is all that the owner has: `a/b/c` → `['', 'a', 'a/b']`. */
export function foldersAbove(path: string): string[] {
  const segments = path.split('/').slice(0, -1)
  return ['', ...segments.map((_, index) => segments.slice(0, index + 1).join('/'))]
}

/** The folder itself and those that hold it. */
export function foldersOver(folder: string): string[] {
  return folder === '' ? [''] : [...foldersAbove(folder), folder]
}
