import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The program's own version, from the package.json above the running file (`dist/` or the sources). */
export function readVersion(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const version = versionIn(join(folder, 'package.json'))
    if (version !== null) return version
    if (folder === dirname(folder)) throw new Error('package.json is missing')
  }
}

function versionIn(file: string): string | null {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  } catch {
    return null
  }
}
