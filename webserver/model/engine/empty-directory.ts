import { mkdirSync, readdirSync } from 'node:fs'

/** A model loaded from a path looks for its files beside itself; one that looks in the working directory finds nothing. */
export function enterEmptyDirectory(path: string): void {
  mkdirSync(path, { recursive: true })
  if (readdirSync(path).length > 0) throw new Error(`the working directory ${path} is not empty`)
  process.chdir(path)
}
