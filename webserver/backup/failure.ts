/** What ends a backup or a restore. The message says to the person at the shell what happened and what to do. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

const full = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL', 'EFBIG'])

export function isDiskFull(error: unknown): boolean {
  return full.has(codeOf(error) ?? '')
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}
