import { foldersAbove } from '../../domain/rights'

/**
 * Names for files in an archive, by their paths: relative to `folder`, and such that all can be unpacked beside each other.
 * Here a file and a folder may have one name, which no file system allows, and `C:x` is a name like any other.
 */
export function entryNamesOf(paths: readonly string[], folder: string): string[] {
  const relative = paths.map((path) =>
    withoutDrive(path.slice(folder === '' ? 0 : folder.length + 1)),
  )
  const taken = new Set(relative.flatMap(foldersAbove))
  return relative.map((name) => {
    let free = name
    while (taken.has(free)) free += '~'
    taken.add(free)
    return free
  })
}

function withoutDrive(name: string): string {
  return name.replace(/^([a-z]):/i, '$1_')
}

/** The deepest folder that holds all of these files and folders; `''` when there is none. */
export function commonFolderOf(paths: readonly string[]): string {
  const [first = [], ...rest] = paths.map((path) => path.split('/').slice(0, -1))
  const common = [...first]
  for (const folders of rest) {
    const length = common.findIndex((segment, index) => segment !== folders[index])
    if (length !== -1) common.length = length
  }
  return common.join('/')
}
