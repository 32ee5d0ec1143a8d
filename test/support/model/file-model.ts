/** What a file held at some time. */
export interface ModelVersion {
  version: number
  content: Buffer
  etag: string
}

/** A file, the same object wherever it is moved, in the trash and out of it. */
export interface ModelFile extends ModelVersion {
  /** As the service names it; null until it was asked. */
  id: string | null
  /** Oldest first. */
  earlier: ModelVersion[]
}

/** All files of one account, as they must be: plain maps, without a thought of how the service keeps them. */
export class FileModel {
  readonly files = new Map<string, ModelFile>()
  /** Last deleted first. */
  readonly trash: { path: string; file: ModelFile }[] = []

  constructor(private readonly versionsKept: number) {}

  /** The paths in order of code points. */
  paths(prefix = ''): string[] {
    return [...this.files.keys()].filter((path) => path.startsWith(prefix)).sort(byBytes)
  }

  write(path: string, content: Buffer, etag: string): ModelFile {
    const file = this.files.get(path)
    if (file === undefined) {
      const made: ModelFile = { id: null, version: 1, content, etag, earlier: [] }
      this.files.set(path, made)
      return made
    }
    this.keep(file)
    Object.assign(file, { version: file.version + 1, content, etag })
    return file
  }

  delete(path: string, isPermanent: boolean): void {
    const file = this.files.get(path)!
    this.files.delete(path)
    if (!isPermanent) this.trash.unshift({ path, file })
  }

  move(from: string, to: string): void {
    const file = this.files.get(from)!
    if (this.files.has(to)) this.delete(to, false)
    this.files.delete(from)
    this.files.set(to, file)
  }

  restore(index: number, to: string): void {
    const { file } = this.trash.splice(index, 1)[0]!
    if (this.files.has(to)) this.delete(to, false)
    this.files.set(to, file)
  }

  /** What the account's books must say. */
  bytes(): { usedBytes: number; versionBytes: number; trashBytes: number } {
    const [files, trashed] = [[...this.files.values()], this.trash.map(({ file }) => file)]
    const sizes = (versions: readonly ModelVersion[]) =>
      versions.reduce((sum, { content }) => sum + content.length, 0)
    return {
      usedBytes: sizes(files),
      versionBytes: sizes([...files, ...trashed].flatMap(({ earlier }) => earlier)),
      trashBytes: sizes(trashed),
    }
  }

  private keep({ version, content, etag, earlier }: ModelFile): void {
    earlier.push({ version, content, etag })
    while (earlier.length > this.versionsKept) earlier.shift()
  }
}

export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
