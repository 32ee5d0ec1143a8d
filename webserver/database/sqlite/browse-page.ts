import type { StoredFile } from '../../domain/file'
import type { Browse, Browsed, ListingPosition } from '../../domain/listing'

export interface Owner {
  id: string
  name: string
}

/** A page on its way: what is on it, where it ended, and how much may still be looked at for it. */
export class BrowsePage {
  readonly files: StoredFile[] = []
  readonly folders: Browsed['folders'] = []
  /** Whether there was one more than asked for: then there is another page. */
  overflowed = false
  examinedLeft: number
  private last: ListingPosition | null = null
  private readonly limit: number

  constructor({ limit, examinedMax }: Pick<Browse, 'limit' | 'examinedMax'>) {
    this.limit = limit
    this.examinedLeft = examinedMax
  }

  get room(): number {
    return this.limit - this.files.length - this.folders.length
  }

  addFile(file: StoredFile, key: ListingPosition['key'] = null): void {
    if (this.take({ owner: file.owner, path: file.path, key })) this.files.push(file)
  }

  addFolder(owner: string, path: string): void {
    if (this.take({ owner, path, key: null })) this.folders.push({ owner, path })
  }

  /** @param stoppedAt what was looked at last when not all was; null when all was. */
  end(stoppedAt: ListingPosition | null): Browsed {
    const { files, folders, overflowed, last } = this
    return { files, folders, next: overflowed ? last : stoppedAt }
  }

  private take(position: ListingPosition): boolean {
    if (this.room > 0) this.last = position
    else this.overflowed = true
    return !this.overflowed
  }
}
