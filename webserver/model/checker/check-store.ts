import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'

const tensorSchema = z.object({
  name: z.string(),
  type: z.string(),
  shape: z.array(z.union([z.number(), z.string()])).readonly(),
})
const resultSchema = z.union([
  z.object({ refusal: z.string() }),
  z.object({
    checked: z.object({
      inputs: z.array(tensorSchema).readonly(),
      outputs: z.array(tensorSchema).readonly(),
      memoryBytes: z.number(),
    }),
    measuredAt: z.string(),
    rows: z.array(z.object({ items: z.number(), runMs: z.number().positive() })).readonly(),
  }),
])
const entriesSchema = z.record(z.string(), z.object({ key: z.string(), result: resultSchema }))

export type StoredResult = z.infer<typeof resultSchema>
type Entries = z.infer<typeof entriesSchema>

/** What was found out about the model files of this machine: one JSON file, by path, for as long as they exist. */
export class CheckStore {
  private constructor(
    private readonly path: string,
    private readonly entries: Entries,
  ) {}

  /** A file that is not there or not to be understood holds nothing: everything is checked again. */
  static async open(path: string): Promise<CheckStore> {
    try {
      return new CheckStore(path, entriesSchema.parse(JSON.parse(await readFile(path, 'utf8'))))
    } catch {
      return new CheckStore(path, {})
    }
  }

  /** @returns null when the model was not checked under this key. */
  find(modelPath: string, key: string): StoredResult | null {
    const entry = this.entries[modelPath]
    return entry?.key === key ? entry.result : null
  }

  async put(modelPath: string, key: string, result: StoredResult): Promise<void> {
    this.entries[modelPath] = { key, result }
    await this.save()
  }

  private async save(): Promise<void> {
    const draft = `${this.path}.new`
    const living = Object.entries(this.entries).filter(([path]) => existsSync(path))
    await writeFile(draft, JSON.stringify(Object.fromEntries(living)), { mode: 0o600 })
    await rename(draft, this.path)
  }
}
