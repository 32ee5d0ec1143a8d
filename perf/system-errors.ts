/** `undefined` where `read` fails for one of these reasons, which are expected. */
export function ignoring<T>(codes: readonly string[], read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (codes.includes(codeOf(error))) return undefined
    throw error
  }
}

/** The system's name for what went wrong, such as `ENOSPC`. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error'
}
