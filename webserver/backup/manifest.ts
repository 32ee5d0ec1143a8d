import { z } from 'zod'

const size = z.number().int().nonnegative()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** Below the directory that it is restored to: no way out of it. */
const relativePath = z
  .string()
  .min(1)
  .refine((path) => path.split('/').every((part) => !['', '.', '..'].includes(part)))

/** What a snapshot is, in `manifest.json`. It is written last: a snapshot without it was never finished. */
export const manifestSchema = z.object({
  format: z.literal(1),
  /** Version of the program that wrote it. */
  program: z.string(),
  host: z.string(),
  dataDirectory: z.string(),
  takenAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  database: z.object({
    kind: z.enum(['sqlite', 'debug']),
    sizeBytes: size,
    sha256,
    accounts: size,
    files: size,
    versions: size,
    trash: size,
  }),
  /** What the database refers to, each content once. */
  contents: z.object({
    count: size,
    sizeBytes: size,
    /** Those that could not be had: missing in the data directory, or not what their digest says. */
    damaged: z.array(sha256),
  }),
  /** What else is in the data directory, by its path there; its bytes are among the blobs. */
  files: z.array(z.object({ path: relativePath, sizeBytes: size, sha256 })),
})

export type Manifest = z.infer<typeof manifestSchema>
export type OtherFile = Manifest['files'][number]
