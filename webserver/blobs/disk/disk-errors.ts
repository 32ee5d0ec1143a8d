import { AppError } from '../../domain/errors'

// A quota of the file system and a limit of the process (RLIMIT_FSIZE) are a full disk too, as far as callers can tell.
const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** Runs file system work and gives its errors a meaning for callers, without its paths. */
export async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toAppError(error)
  }
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const code = codeOf(error) ?? ''
  if (full.has(code))
    return new AppError('storage_full', 'There is no room for this content', { cause: error })
  if (code === 'EMFILE' || code === 'ENFILE')
    return new AppError('unavailable', 'Too many files are open', { retryAfterS: 1, cause: error })
  return new AppError('internal', 'The content could not be stored or read', { cause: error })
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

/** For what need not be there. */
export function nullIfAbsent(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null
  throw error
}
